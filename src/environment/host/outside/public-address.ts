import { BlockList, isIP } from 'node:net';

/**
 * Whether an IP address belongs to the public Internet. What the IANA special-purpose registries (RFC 6890 and its
 * successors) set aside does not: loopback, private and link-local networks, among them the addresses at which clouds hand
 * out credentials.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !specialIpv4.check(address, 'ipv4');
  // Of IPv6 only 2000::/3 is handed out; that leaves out what carries an IPv4 address inside (::ffff:0:0/96, 64:ff9b::/96).
  return family === 6 && globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

const specialIpv4 = subnets('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);
const globalIpv6 = subnets('ipv6', ['2000::/3']);
// Teredo and other protocols, documentation, 6to4.
const specialIpv6 = subnets('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']);

function subnets(family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const block = new BlockList();
  for (const subnet of list) {
    const [network, prefix] = subnet.split('/') as [string, string];
    block.addSubnet(network, Number(prefix), family);
  }
  return block;
}
