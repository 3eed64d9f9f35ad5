/** What a node is in the consortium. */
export const ROLES = ['proxy', 'company', 'edge', 'device', 'centre', 'oracle'] as const;
export type Role = (typeof ROLES)[number];

/** Numbers of the roles on the wire. Those of certified observers are part of what a certificate signs: 1 device, 2 edge node, 3 centre, 6 oracle node. */
export const ROLE_NUMBER: Readonly<Record<Role, number>> = { device: 1, edge: 2, centre: 3, company: 4, proxy: 5, oracle: 6 };

/** Roles that need a certificate of a company. */
export const CERTIFIED_ROLES = ['device', 'edge', 'centre', 'oracle'] as const;
export type CertifiedRole = (typeof CERTIFIED_ROLES)[number];

/** Proxy and companies vote on blocks. */
export function isSealer(role: Role): role is 'proxy' | 'company' {
  return role === 'proxy' || role === 'company';
}

/** Devices, edge nodes, centres and oracle nodes follow the chain without a vote; each needs a certificate. */
export function isObserver(role: Role): role is CertifiedRole {
  return !isSealer(role);
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

/** The role with this number, or undefined. */
export function roleOf(number: number): Role | undefined {
  return ROLES.find((role) => ROLE_NUMBER[role] === number);
}
