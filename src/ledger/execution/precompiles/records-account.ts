import type { GenesisContract } from '../../genesis.ts';
import { RECORDS_ADDRESS } from './addresses.ts';

/**
 * What a genesis needs for records: an account at their address. Its code is the one byte 0xfe, which no call ever runs:
 * it makes the account one that Solidity finds a contract at and that is never empty (EIP-161). The constructor returns it.
 */
export const RECORDS_GENESIS_CONTRACT: GenesisContract = {
  name: 'Records',
  address: RECORDS_ADDRESS,
  // PUSH1 fe PUSH0 MSTORE8 PUSH1 01 PUSH0 RETURN
  initCode: '0x60fe5f5360015ff3',
};
