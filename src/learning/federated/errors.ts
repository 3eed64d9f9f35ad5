import { defineErrors } from '../../errors.ts';

/** What can go wrong when many learn together. */
export const FEDERATED_ERRORS = defineErrors({
  FEDERATED_TOO_FEW_CLIENTS: {
    summary: 'There are fewer updates than the strategy needs',
    action: 'Let more clients take part, or lower what the strategy is to tolerate; the message names the number it needs',
  },
  FEDERATED_PLUGIN_UNKNOWN: {
    summary: 'There is no strategy, pre-aggregator or attack of this name',
    action: 'Take a name that `treadle learn strategies` lists',
  },
  FEDERATED_PARAMETER_INVALID: {
    summary: 'A parameter of a strategy, pre-aggregator or attack cannot be used',
    action: 'Write it as name:parameter=number,parameter=number; `treadle learn strategies` lists what each takes',
  },
  FEDERATED_PLAN_INVALID: {
    summary: 'The plan of the training cannot be carried out',
    action: 'Correct what the message names',
  },
  FEDERATED_WEIGHTS_MISSING: {
    summary: 'The weights asked for are not here',
    action: 'Ask again after the next round; weights of old rounds are not kept',
  },
  FEDERATED_WEIGHTS_DAMAGED: {
    summary: 'Weights do not have the digest that was announced',
    action: 'Fetch them again; if it happens again, the sender or the line between changes them',
  },
  FEDERATED_MODEL_NOT_ANCHORED: {
    summary: 'The global model is not the one on the ledger',
    action: 'Do not use it: whoever sent it hands out different models; read the round on the ledger',
  },
  FEDERATED_STATE_INVALID: {
    summary: 'The saved state of a training cannot be used',
    action: 'Restore it from a copy, or start the training anew in another folder',
  },
  FEDERATED_BUNDLE_INVALID: {
    summary: 'What the leader of a round gathered is not what its clients signed for this round',
    action: 'Nothing: nobody signs such a round, and another node leads the next attempt; the message says what is wrong',
  },
  FEDERATED_QUORUM_MISSED: {
    summary: 'Too few clients finished a round, again and again',
    action: 'Look why clients are late or away; lower the quorum, raise the deadline, or start again when they are back',
  },
});
