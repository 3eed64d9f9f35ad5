import { API_HISTORY_STEPS_MAX } from '../../../limits.ts';

/** Adds a step to a history; when it is full, the first step and the latest are kept. */
export function addStep<T>(history: T[], step: T): void {
  if (history.length >= API_HISTORY_STEPS_MAX) history.splice(1, 1);
  history.push(step);
}
