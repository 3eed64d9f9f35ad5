import { isAddress } from '../crypto/index.ts';
import { TreadleError } from '../errors.ts';
import type { LoadedNode } from './load-setup.ts';

/** Adds contacts given on the command line, as ADDRESS@MULTIADDR; one that ends in #CHAIN_ID is for nodes on that chain only. */
export function withContacts(loaded: LoadedNode, contacts: readonly string[]): LoadedNode {
  if (contacts.length === 0) return loaded;
  const further = contacts.flatMap((text) => {
    const [address = '', multiaddr = ''] = text.split('@');
    if (!isAddress(address.toLowerCase()) || !multiaddr.startsWith('/')) {
      throw new TreadleError('CLI_BAD_OPTION', {
        detail: `--contact "${text}", expected ADDRESS@MULTIADDR such as 0x…@/ip4/127.0.0.1/tcp/9400`,
      });
    }
    const [where = '', chainId] = multiaddr.split('#');
    if (chainId !== undefined && chainId !== String(loaded.setup.genesis.chainId)) return [];
    return [{ node: address.toLowerCase() as `0x${string}`, addresses: [where] }];
  });
  const { file } = loaded.setup;
  return { ...loaded, setup: { ...loaded.setup, file: { ...file, contacts: [...further, ...file.contacts] } } };
}
