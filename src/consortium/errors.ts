import { defineErrors } from '../errors.ts';

export const consortiumErrors = defineErrors({
  CONSORTIUM_TOO_FEW_COMPANIES: {
    summary: 'A consortium needs at least three companies beside the proxy',
    action: 'Name at least three companies: with fewer than four sealers not one of them may fail or lie (f = 0)',
  },
  CONSORTIUM_PLAN_INVALID: {
    summary: 'The consortium cannot be laid out as asked',
    action: 'Change the option that the message names and run the command again',
  },
  CONSORTIUM_GENESIS_INVALID: {
    summary: 'The genesis file cannot be used',
    action: 'Copy genesis.json again from a running member: every node needs the same bytes',
  },
  CONSORTIUM_HELLO_INVALID: {
    summary: 'The greeting of a peer is malformed',
    action: 'Run the same release of Treadle on both sides',
  },
  CONSORTIUM_WIRE_VERSION: {
    summary: 'The peer speaks no wire version that this node speaks',
    action: 'Upgrade the side with the lower versions; releases next to each other always understand one another',
  },
  CONSORTIUM_READ_FAILED: {
    summary: 'The consortium contract gave no usable answer',
    action: 'Check that genesis.json belongs to this chain: it places the contract at its address',
  },
  CERTIFICATE_MALFORMED: {
    summary: 'The certificate cannot be read',
    action: 'Ask the company to issue the certificate again and copy the file unchanged',
  },
  CERTIFICATE_WRONG_CHAIN: {
    summary: 'The certificate was issued for another chain',
    action: 'Ask the company for a certificate that names the chain id of this consortium',
  },
  CERTIFICATE_WRONG_OBSERVER: {
    summary: 'The certificate names another node',
    action: "Use the certificate that was issued for this node's own key",
  },
  CERTIFICATE_WRONG_ROLE: {
    summary: 'The certificate is for another role',
    action: 'Ask the company for a certificate of the role in which this node runs',
  },
  CERTIFICATE_NOT_A_COMPANY: {
    summary: 'The issuer of the certificate is not a company of this consortium',
    action: 'Ask a current company of the consortium for a certificate',
  },
  CERTIFICATE_FORGED: {
    summary: 'The signature on the certificate is not that of the company that it names',
    action: 'Ask the company to issue the certificate again; if this repeats, tell the company that somebody forges its name',
  },
  CERTIFICATE_EXPIRED: {
    summary: 'The certificate has expired',
    action: "Ask the company for a new certificate, and check this machine's clock",
  },
  CERTIFICATE_REVOKED: {
    summary: 'The company has revoked the certificate',
    action: 'Ask the company why, and for a new certificate with another serial number',
  },
  CERTIFICATE_MISSING: {
    summary: 'A device, an edge node or a centre shows no certificate',
    action: 'Ask a company of the consortium for a certificate and name its file in node.json under "certificateFile"',
  },
  DIRECTORY_CONTACT_MALFORMED: {
    summary: 'A contact record cannot be read',
    action: 'Run the same release of Treadle on both sides; a peer that goes on sending such records is at fault',
  },
  DIRECTORY_CONTACT_FORGED: {
    summary: 'A contact record is not signed by the node that it names',
    action: 'Nothing to do here: the record was refused; look at the peer that sent it',
  },
  DIRECTORY_CONTACT_REFUSED: {
    summary: 'A contact record was refused',
    action: 'Read the reason: the node needs a current certificate, a right clock, or a place in the directory',
  },
  DIRECTORY_REQUEST_INVALID: {
    summary: 'A question to the directory is malformed',
    action: 'Run the same release of Treadle on both sides',
  },
  CONFIG_NOT_JSON: {
    summary: 'A configuration file is not JSON',
    action: 'Correct the file at the place that the message names',
  },
  CONFIG_UNKNOWN_KEY: {
    summary: 'A configuration file has a key that does not exist',
    action: 'Remove the key or correct its spelling; docs/reference/node-file.md lists every key',
  },
  CONFIG_INVALID: {
    summary: 'A value in a configuration file is missing or wrong',
    action: 'Correct the value that the message names; docs/reference/node-file.md lists every key',
  },
  CONFIG_KEY_MISMATCH: {
    summary: 'A key file does not hold the key of the address beside it',
    action: 'Restore the key file from a copy; never edit it by hand',
  },
});
