import { defineErrors } from '../errors.ts';

/** The codes of the environment: what the network, the disk, the clock and the HTTP server answer. */
export const environmentErrors = defineErrors({
  NETWORK_ADDRESS_TAKEN: {
    summary: 'The address to listen on is taken by another program',
    action: 'Choose another port, or stop the program that listens there',
  },
  NETWORK_NOT_STARTED: {
    summary: 'The network of this node is not started',
    action: 'Start the network before connecting; a network that was stopped does not start again',
  },
  NETWORK_UNREACHABLE: {
    summary: 'The peer cannot be reached',
    action: 'Check that it runs, that its address is right and that no firewall is in between, then try again',
  },
  NETWORK_WRONG_PEER: {
    summary: 'Another node than the expected one answers at this address',
    action: 'Correct the address or the node name of the contact; do not send it anything',
  },
  NETWORK_REFUSED: {
    summary: 'The connection was refused',
    action: 'Read the reason: usually the membership or the certificate of one side has to be put right first',
  },
  NETWORK_TIMEOUT: {
    summary: 'The peer did not answer in time',
    action: 'Try again or ask another peer; look at its log and load when it happens often',
  },
  NETWORK_BUSY: {
    summary: 'Too many requests are under way between these two peers',
    action: 'Wait until some are answered, then try again',
  },
  NETWORK_FRAME_TOO_LARGE: {
    summary: 'The frame is larger than the network carries',
    action: 'Split it, or send its hash and let the peer fetch the parts',
  },
  NETWORK_HELLO_TOO_LARGE: {
    summary: 'The hello of this node is larger than a connection carries',
    action: 'Shorten what the handshake presents',
  },
  NETWORK_NO_HANDLER: {
    summary: 'The peer does not speak this protocol',
    action: 'Check that both nodes run the same version and that the peer has the role that answers this',
  },
  NETWORK_HANDLER_TAKEN: {
    summary: 'A protocol has a handler already, or its name is unusable',
    action: 'Register one handler per protocol, with a name of 1 to 64 bytes',
  },
  PEER_INTERNAL: {
    summary: 'The peer failed while it worked on the request',
    action: 'Look at the log of the peer; try another peer',
  },
  DISK_LOG_DAMAGED: {
    summary: 'A record in the middle of a log fails its checksum',
    action: 'The disk lost data: open the log for salvage and write it anew, or resynchronise this node from its peers',
  },
  DISK_DAMAGED: {
    summary: 'A stored value fails its checksum',
    action:
      'The disk spoilt it: a ledger fetches it anew from its peers by itself; replace the disk when this is counted again and again',
  },
  DISK_FULL: {
    summary: 'The disk has no room left',
    action: 'Make room or set a lower storage limit; what is stored is whole, and the node goes on by itself once there is room',
  },
  DISK_RECORD_SIZE: {
    summary: 'A log record is empty or larger than a log takes',
    action: 'Write 1 byte to 8 MiB per record; larger content belongs into a blob',
  },
  DISK_NAME_INVALID: {
    summary: 'The name of a log or a table is not usable',
    action: 'Use 1 to 64 lower-case letters, digits and hyphens, starting with a letter or a digit',
  },
  DISK_WRITE_FAILED: {
    summary: 'A log could not be written',
    action: 'Check that the disk has room and is healthy, then restart the node; nothing more is written to this log until then',
  },
  DISK_CLOSED: {
    summary: 'The log or the table is closed or already open',
    action: 'Open it once, and keep using that handle until it is closed',
  },
  DISK_IN_USE: {
    summary: 'The data folder is in use by another process',
    action: 'Stop the other process, or give this one a folder of its own',
  },
  OUTSIDE_SOURCE_INVALID: {
    summary: 'A source outside is described in a way that cannot be read',
    action: 'Correct the description of the source; sources.md has the form of every kind',
  },
  OUTSIDE_NOT_ALLOWED: {
    summary: 'This node may not read that source',
    action: 'Let its operator list the source in the section "outside" of the node’s file, or ask for another source',
  },
  OUTSIDE_UNREACHABLE: {
    summary: 'The source outside cannot be reached',
    action: 'Check that it runs and that this node has a way to it, then try again',
  },
  OUTSIDE_REFUSED: {
    summary: 'The source outside refused to answer',
    action: 'Read what it said: usually the name of what is read, or the credentials in the node’s file, have to be put right',
  },
  OUTSIDE_TIMEOUT: {
    summary: 'The source outside did not answer in time',
    action: 'Try again or allow more time; a topic answers only once a message of it arrived',
  },
  OUTSIDE_TOO_LARGE: {
    summary: 'The source outside has more content than is allowed',
    action: 'Ask for less, for instance by a narrower address or query, or raise the limit of the request',
  },
  OUTSIDE_BUSY: {
    summary: 'This node reads as many sources outside as it may at once',
    action: 'Wait until some have answered, then try again',
  },
  TELEMETRY_INVALID: {
    summary: 'A reading or a batch of readings cannot be stored',
    action: 'Give twin and metric as names of 1 to 256 bytes, the time in milliseconds, the value as a finite number or a text',
  },
  TELEMETRY_UNREACHABLE: {
    summary: 'The database of the telemetry cannot be reached',
    action: 'Check that it runs, and its address, user and password in the configuration',
  },
  TELEMETRY_FAILED: {
    summary: 'The database of the telemetry refused',
    action: 'Read what it said; nothing of this batch was stored',
  },
  OBJECTS_NAME_INVALID: {
    summary: 'The path of an object is not usable',
    action: 'Use relative paths of letters, digits, dots, hyphens and underscores; no element begins with a dot',
  },
  OBJECTS_UNREACHABLE: {
    summary: 'The service that keeps the objects does not answer',
    action: 'Check its address in the configuration and that it runs, then try again',
  },
  OBJECTS_REFUSED: {
    summary: 'The service that keeps the objects refused',
    action: 'Check bucket, region and keys in the configuration, and what these keys may do',
  },
  OBJECTS_TOO_LARGE: {
    summary: 'An object is larger than is read at once',
    action: 'Store large content in parts',
  },
  SIM_STALLED: {
    summary: 'Nothing can happen any more in the simulated world, but somebody still waits',
    action: 'Look at the listed waits: each needs a timer, a message or real work that was awaited outside the simulation',
  },
  SIM_DEADLINE: {
    summary: 'The simulated world did not reach the expected state in time',
    action: 'Look at the listed waits, or allow more virtual time',
  },
  SIM_BUSY: {
    summary: 'The simulated world is running already',
    action: 'Wait for the run under way to end before starting the next',
  },
  SIM_NODE: {
    summary: 'The simulated node is unknown, or not in the state that this needs',
    action: 'Add a node once; crash a running one, restart a crashed one',
  },
  ENV_DEADLINE: {
    summary: 'Something did not happen before its deadline',
    action: 'Look at what the message names; allow more time or find out why it is slow',
  },
  HTTP_PORT_TAKEN: {
    summary: 'The port to serve HTTP on is taken',
    action: 'Choose another port, or stop the program that listens there',
  },
});
