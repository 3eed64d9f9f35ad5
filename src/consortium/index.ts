/** Level 4: companies, sealers, observers; certificates, genesis, contacts, and who is let in. Does not own the ledger or the network. */

export { genesisDomain } from '../ledger/index.ts';
export { type AdmissionContext, type Candidacy, judgeContact, judgeHello, type ObserverStanding } from './admission.ts';
export {
  type CertificateExpectation,
  type CertificateFields,
  type CertificateVerdict,
  certificateFromJson,
  certificateToJson,
  decodeCertificate,
  encodeCertificate,
  issueCertificate,
  type ObserverCertificate,
  verifyCertificate,
} from './certificate.ts';
export type { ConfigText } from './config-reader.ts';
export {
  type ConsortiumFile,
  type ConsortiumMember,
  consortiumToJson,
  foundingRoster,
  readConsortiumFile,
} from './consortium-file.ts';
export { type ContactFields, decodeContact, encodeContact, type SignedContact, signContact, verifyContact } from './contact.ts';
export {
  ANNOUNCE_PROTOCOL,
  createDirectory,
  DIRECTORY_PROTOCOL,
  DIRECTORY_RANGE_PROTOCOL,
} from './directory.ts';
export type { Directory, DirectoryOptions, SelfDescription } from './directory-interface.ts';
export * from './errors.ts';
export {
  buildGenesis,
  COMPANIES_MIN,
  type CompanySeat,
  type GenesisOptions,
  genesisHash,
  genesisToJson,
  readGenesis,
} from './genesis.ts';
export { decodeHello, encodeHello, type Hello } from './hello.ts';
export { type ConsortiumPlan, type PlannedFile, planConsortium } from './init.ts';
export { KEY_FILE_MODE, keyToJson, readKeyFile } from './key-file.ts';
export {
  type LedgerKind,
  type LedgersFile,
  readLedgersFile,
  type SewingKind,
  sewingKindOf,
} from './ledgers-file.ts';
export {
  createLightMembership,
  createMembership,
  type LightMembershipOptions,
  type Membership,
  type MembershipOptions,
  type MembershipPort,
} from './membership.ts';
export {
  type DeviceSettings,
  type EdgeSettings,
  type FleetFile,
  type NodeFile,
  type NodeFileInput,
  type OracleNodeSettings,
  readFleetFile,
  readNodeFile,
  type TrainingSettings,
} from './node-file.ts';
export {
  nodesPerMemberFor,
  type OracleSettings,
  type OracleSettingsInput,
  oracleSettingsSchema,
} from './oracle-settings.ts';
export { type LaidLedger, lanesOf } from './plan-lanes.ts';
export { type LedgersPlan, type LedgersPlanOptions, planLedgers } from './plan-ledgers.ts';
export {
  CERTIFIED_ROLES,
  type CertifiedRole,
  isObserver,
  isRole,
  isSealer,
  ROLE_NUMBER,
  ROLES,
  type Role,
  roleOf,
} from './roles.ts';
export { issuersFor, nodeOfAccount, type Roster, type RosterCompany, rosterOfFounders } from './roster.ts';
export type { PlanOptions, Position } from './seat.ts';
export { type TelemetrySecret, type TelemetrySettings, telemetrySchema } from './telemetry-config.ts';
export { agreedVersion, versionsText, WIRE_VERSIONS, type WireVersions } from './wire-versions.ts';
