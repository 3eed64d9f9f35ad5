/** Checking matches outside the contract: the registry's past, told by its events, and a search through all nodes for each match. */
export {
  type CompanyTally,
  createMatchAudit,
  type Finding,
  type FindingKind,
  type MatchAudit,
  type MatchAuditReport,
} from './match-audit.ts';
export { type EventPlace, type RegistryEvent, readMatchQuery, readRegistryEvent } from './registry-event.ts';
export { type Candidate, type RegisteredNode, type SearchOutcome, searchAllNodes } from './search-all-nodes.ts';
