/**
 * Every bound of the house in one place: queues, caches, sizes, loops, retries.
 * A name ends in its unit. Beside each: why this number.
 */

// --- environment ---------------------------------------------------------------------------

/** Largest frame on the wire. A full block proposal of 10,000 hashes is 320 KB; a task input is at most 1 MiB. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes queued for one peer before frames are dropped and counted: eight of the largest frames. */
export const PEER_QUEUE_BYTES_MAX = 8 * FRAME_BYTES_MAX;
/** Requests under way to one peer; more wait their turn at the caller. */
export const PEER_REQUESTS_MAX = 1024;
/** Peers one node keeps connected: a plant's devices on one gateway, with room. */
export const PEERS_MAX = 4096;
/** Time a request may take when its caller names none. */
export const REQUEST_TIMEOUT_MICROS = 10_000_000;
/** Time in which a new connection must say hello. */
export const HELLO_TIMEOUT_MICROS = 10_000_000;
/** Largest hello: a certificate and a contact are under 2 KB. */
export const HELLO_BYTES_MAX = 16 * 1024;
/** Largest record of a log. */
export const LOG_RECORD_BYTES_MAX = 8 * 1024 * 1024;
/** Requests to one peer that wait for their turn before the caller is told that the peer is busy: four full rounds. */
export const PEER_REQUESTS_WAITING_MAX = 4 * PEER_REQUESTS_MAX;
/** Time in which a dial must reach the other side. */
export const DIAL_TIMEOUT_MICROS = 5_000_000;
/** A connection is probed when nothing came for this long. */
export const PEER_PROBE_MICROS = 4_000_000;
/** A connection on which nothing came for this long is given up: three probes unanswered. */
export const PEER_SILENCE_MICROS = 15_000_000;
/** Time in which a connection must answer a probe before a new one of the same peer replaces it. */
export const DUPLICATE_PROBE_MICROS = 2_000_000;
/** Connections under way that have not been admitted yet: a whole plant that restarts at once. */
export const HANDSHAKES_MAX = 512;
/** Largest error carried in an answer: code, detail and data. */
export const ERROR_BYTES_MAX = 64 * 1024;
/** Longest protocol name: it travels in every frame. */
export const PROTOCOL_NAME_BYTES_MAX = 64;
/** Different metric names of one node: names come from code, never from a peer, so this only catches a defect. */
export const METRIC_NAMES_MAX = 4096;
/** Log lines that a simulated world remembers. */
export const SIM_LOG_LINES_MAX = 10_000;
/** Delivered events that a simulated world remembers for failure reports. */
export const SIM_RECENT_EVENTS_MAX = 256;
/** Largest HTTP request body: an `eth_sendRawTransaction` of TRANSACTION_BYTES_MAX in hex with room for a batch. */
export const HTTP_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes buffered for one slow event stream or socket before it is closed. */
export const HTTP_SINK_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** Largest message a WebSocket client may send: as much as a body. */
export const HTTP_SOCKET_MESSAGE_BYTES_MAX = HTTP_BODY_BYTES_MAX;
/** Event streams and sockets one HTTP server keeps open. */
export const HTTP_SINKS_MAX = 1024;

// --- crypto --------------------------------------------------------------------------------

/** Recovered signatures remembered: about 200 bytes each. */
export const RECOVER_CACHE_ENTRIES = 65_536;

// --- consensus -----------------------------------------------------------------------------

/** Largest sealer set the protocol is meant for (all-to-all votes). */
export const SEALERS_MAX = 100;
/** Rounds above the current one from which messages are kept. */
export const ROUNDS_AHEAD_MAX = 64;
/** Heights above the current one from which messages are kept until that height starts. */
export const HEIGHTS_AHEAD_MAX = 4;
/** Messages of future heights kept in all. */
export const FUTURE_MESSAGES_MAX = 4096;
/** Of those, messages of one signer: an honest sealer sends about three a height, so this is ten times what it needs, and all sealers together stay below the total. */
export const FUTURE_MESSAGES_PER_SIGNER_MAX = 32;
/** Bytes of those, of one signer: two of the largest proposals with their proofs. */
export const FUTURE_BYTES_PER_SIGNER_MAX = 4 * 1024 * 1024;
/** Rounds below the current one whose votes are kept, so that late commits still finish the height. */
export const ROUNDS_BEHIND_MAX = 8;
/** Largest proposal: 2,000 transaction hashes are 64 KB, a header is under 2 KB; room for ten times that. */
export const PROPOSAL_BYTES_MAX = 1024 * 1024;
/** Largest encoded consensus message: what one frame carries. */
export const MESSAGE_BYTES_MAX = FRAME_BYTES_MAX;
/** Deepest nesting of a message: proposal > justification > round change > proof > prepares > prepare. */
export const MESSAGE_DEPTH_MAX = 6;
/** RLP items in one message: a justification of SEALERS_MAX round changes with one proof of SEALERS_MAX prepares has about 2,000. */
export const MESSAGE_ITEMS_MAX = 8192;
/** Largest height or round on the wire: fits six bytes, and sums and products with it stay exact integers. */
export const MESSAGE_NUMBER_MAX = 2 ** 48 - 1;
/** Different faults of one peer reported during one height; the rest of a flood is dropped in silence. */
export const FAULTS_REPORTED_PER_PEER_MAX = 16;
/** Peers of which faults are reported during one height: all sealers and as many strangers. */
export const FAULTY_PEERS_MAX = 2 * SEALERS_MAX;
/** Peers told during one timeout that they lag. */
export const LAGGING_PEERS_MAX = SEALERS_MAX;

// --- ledger --------------------------------------------------------------------------------

/** Transactions one block may hold. */
export const BLOCK_TRANSACTIONS_MAX = 2_000;
/** Gas one block may use: a consortium has no fee market, this bounds execution time. */
export const BLOCK_GAS_MAX = 300_000_000n;
/** Gas one transaction may use. */
export const TRANSACTION_GAS_MAX = 100_000_000n;
/** Gas an `eth_call` may use: `edgeMatch` over 10,000 nodes must fit. */
export const CALL_GAS_MAX = 100_000_000n;
/** Largest transaction in bytes, as encoded. */
export const TRANSACTION_BYTES_MAX = 256 * 1024;
/** Transactions the pool holds before it answers "busy". */
export const POOL_TRANSACTIONS_MAX = 20_000;
/** Transactions of one sender in the pool. */
export const POOL_PER_SENDER_MAX = 512;
/** Blocks fetched in one request while catching up. */
export const SYNC_BLOCKS_PER_REQUEST_MAX = 64;
/** Logs one `eth_getLogs` may return. */
export const LOGS_RESULT_MAX = 10_000;
/** Blocks one `eth_getLogs` may scan. */
export const LOGS_RANGE_BLOCKS_MAX = 100_000;
/** Bytes of a header's extra data: SEALERS_MAX addresses of 21 bytes and a few more. */
export const EXTRA_DATA_BYTES_MAX = 4096;
/** Bytes of the transactions of one block: with its header and certificate it fits a frame. */
export const BLOCK_BYTES_MAX = 3 * 1024 * 1024;
/** How far a proposal's timestamp may be ahead of the checker's clock: clocks kept by NTP differ by far less. */
export const TIMESTAMP_DRIFT_MS_MAX = 10_000;
/** Gas of the static call that asks the governance contract for the sealers: 100 addresses cost about 300,000. */
export const SEALERS_CALL_GAS = 10_000_000n;
/** Gas of one genesis constructor. */
export const GENESIS_CONSTRUCTOR_GAS = 1_000_000_000n;
/** EVM instances of one node: calls that wait for the disk overlap, more would only queue for the one thread. */
export const EVM_INSTANCES_MAX = 8;
/** Contracts whose jump destinations an EVM instance remembers: up to 0.6 MB each, and a chain calls a few of them most. */
export const CODE_ANALYSES_MAX = 16;
/** Calls that wait for a free EVM instance before the node answers "busy". */
export const CALLS_WAITING_MAX = 256;
/** Time after which a caller that was told "busy" should come back. */
export const BUSY_RETRY_AFTER_MS = 1_000;
/** Accounts and slots kept decoded per state root: some 200 bytes each, so about 20 MB. */
export const STATE_CACHE_ENTRIES_MAX = 100_000;
/** State roots whose decoded entries are kept: the head, a proposal beside it and a few older ones being read. */
export const STATE_CACHE_ROOTS_MAX = 4;
/** Trie nodes kept in memory over the disk: some 400 bytes each, so about 40 MB. */
export const STATE_NODES_CACHED_MAX = 100_000;
/** Executions kept by a shared executor: every simulated node asks for the same block within a few heights. */
export const SHARED_EXECUTIONS_MAX = 16;
/** Executed proposals of the next height a node keeps: one per round that is under way. */
export const PROPOSALS_KEPT_MAX = 8;
/** Decoded transactions remembered by hash, so that a transaction seen twice is decoded and recovered once. */
export const TRANSACTIONS_DECODED_MAX = 16_384;
/** Block hashes kept in memory: `BLOCKHASH` reaches 256 blocks back, and a bounded map may hold as little as half. */
export const BLOCKHASHES_CACHED_MAX = 1_024;
/** Headers remembered by hash, so that one which many nodes of a process see is decoded once: about 3 KB each. */
export const HEADERS_DECODED_MAX = 2_048;
/** Roots of transaction lists remembered, for the same reason. */
export const TRANSACTIONS_ROOTS_MAX = 64;
/** `PREVRANDAO` values remembered: a block's is asked for when it is proposed, checked and committed. */
export const MIX_HASHES_MAX = 64;
/** Latest blocks kept encoded for the peers that follow: each of them asks for the same one. */
export const BLOCKS_ENCODED_MAX = 8;
/** Blocks with their receipts kept decoded for readers. */
export const BLOCKS_CACHED_MAX = 64;
/** Bytes of all pooled transactions: 20,000 of the largest would be 5 GB. */
export const POOL_BYTES_MAX = 64 * 1024 * 1024;
/** Proposals in which a pooled transaction may turn out unable to run, although its account allows it, before it is dropped. */
export const TRANSACTION_REFUSALS_MAX = 3;
/** Records of the pool's log beyond the live ones before it is rewritten. */
export const POOL_LOG_DEAD_RECORDS_MAX = 4_096;
/** Hashes in one request for bodies. */
export const BODIES_PER_REQUEST_MAX = 1_024;
/** Bytes of bodies or blocks in one answer; a single larger one still goes alone. */
export const SYNC_RESPONSE_BYTES_MAX = 2 * 1024 * 1024;
/** Peers asked for the bodies of one proposal, and for one range of blocks, before giving up until the next occasion. */
export const FETCH_PEERS_MAX = 8;
/** Time one peer has to answer with bodies or blocks; then the next one is asked. */
export const FETCH_TIMEOUT_MICROS = 3_000_000;
/** Time in which a sealer that is one block behind expects its own consensus to get there before it fetches the block. */
export const SYNC_GRACE_MICROS = 500_000;
/** Wait before a peer that announced more than it could deliver is asked again. */
export const SYNC_RETRY_MICROS = 1_000_000;
/** Such waits without a new block in between; after that only a new announcement starts a run. */
export const SYNC_RETRIES_MAX = 5;
/** Transactions handed to a peer that has just connected. */
export const GOSSIP_ON_CONNECT_MAX = 2_048;
/** Bytes of one frame of transactions. */
export const GOSSIP_FRAME_BYTES_MAX = 512 * 1024;
/** Transactions from peers that wait to be checked; more are dropped and travel again with a proposal. */
export const GOSSIP_WAITING_MAX = 8_192;
/** Headers a light client takes in one step: a range fetched while it was away. */
export const LIGHT_HEADERS_KEPT_MAX = 256;

// --- market --------------------------------------------------------------------------------

/** Largest input of a task: 64 k samples of four axes as 32-bit floats. */
export const TASK_INPUT_BYTES_MAX = 1024 * 1024;
/** Largest output of a task. */
export const TASK_OUTPUT_BYTES_MAX = 1024 * 1024;
/** Largest parameters of a task, as JSON. */
export const TASK_PARAMETERS_BYTES_MAX = 4 * 1024;
/** Longest time one attempt at a task may be given: a longer job belongs in a queue, not in a request. */
export const TASK_TIME_LIMIT_MICROS_MAX = 60_000_000;
/** Tasks an edge node runs at once unless its operator says otherwise: one per core of a small gateway. */
export const TASKS_RUNNING_MAX = 4;
/** Tasks that wait for a free place; more are answered "busy" so that the device turns to another node early. */
export const TASKS_WAITING_MAX = 64;
/** Results kept so that a repeated request costs nothing. */
export const TASK_RESULTS_KEPT_MAX = 256;
/** Bytes of the results kept: eight of the largest. */
export const TASK_RESULTS_BYTES_MAX = 8 * TASK_OUTPUT_BYTES_MAX;
/** Tasks of one device that an edge node serves ahead of payment: one whose payment is on its way, and one at work. */
export const TASKS_UNPAID_MAX = 2;
/** Devices with unpaid tasks that an edge node remembers; the oldest debt is forgotten first. */
export const CREDIT_DEVICES_MAX = 10_000;
/** Time a node waits for its own view of the chain to show a match that the other side has seen already. */
export const MATCH_WAIT_MICROS = 5_000_000;
/** Requests that wait for a match at once. */
export const MATCH_WAITERS_MAX = 1024;
/** Edge nodes a device tries for one task before it gives up: as many as the registry allows, so that no match is left behind. */
export const TASK_ATTEMPTS_MAX = 8;
/** Matches of recent blocks that a node remembers; older ones are read from the chain. */
export const MATCHES_REMEMBERED_MAX = 16_384;
/** Matches naming it that an edge node watches, to free the slot of a device that never came. */
export const LEASES_WATCHED_MAX = 4096;
/** Tasks reported complete in one transaction: at about 30 k gas each, well under TRANSACTION_GAS_MAX. */
export const COMPLETIONS_PER_BATCH_MAX = 64;
/** Longest wait of a completion for others to share its transaction: about a block, for the slot is held as long. */
export const COMPLETION_FLUSH_MICROS = 500_000;
/** Completions that wait for the chain; above, new tasks are answered "busy". */
export const COMPLETIONS_WAITING_MAX = 1024;
/** Payments one voucher may carry: those not yet acknowledged travel again with every newer voucher of the channel. */
export const PAYMENTS_PER_VOUCHER_MAX = 64;
/** Payments remembered per channel so that a repeat is answered alike; older repeats fail the "strictly increasing" rule instead. */
export const PAYMENTS_KEPT_PER_CHANNEL = 256;
/** Payments of closed channels that a payer remembers, so that none is paid again on the next channel. */
export const PAYMENTS_SETTLED_KEPT = 1024;
/** Channels one voucher book holds: the devices of a large plant. */
export const CHANNELS_MAX = 10_000;
/** Records appended to a voucher book beyond its live ones before the file is rewritten. */
export const VOUCHER_BOOK_SLACK_RECORDS = 4096;
/** Payments of a device whose edge node has not acknowledged them yet, before the device stops paying through this proxy. */
export const PAYMENTS_UNDELIVERED_MAX = 8;
/** First and longest wait between two deliveries of a voucher to an edge node that does not answer. */
export const DELIVERY_RETRY_MICROS = 500_000;
export const DELIVERY_RETRY_MICROS_MAX = 30_000_000;
/** First and longest wait between two attempts at a claim that must be mined before a channel's closing time. */
export const CLAIM_RETRY_MICROS = 500_000;
export const CLAIM_RETRY_MICROS_MAX = 10_000_000;
/** Attempts at one claim: with the waits above, more than an hour. */
export const CLAIM_ATTEMPTS_MAX = 400;
/** Differences that an audit of the matches describes one by one; beyond them it goes on counting. */
export const AUDIT_FINDINGS_MAX = 1_000;

// --- consortium ----------------------------------------------------------------------------

/** Size of a certificate in its binary form: fixed fields only. */
export const CERTIFICATE_BYTES = 154;
/** Largest signed contact: eight addresses of 128 bytes, a name, a certificate and a signature are under 1.5 KB. */
export const CONTACT_BYTES_MAX = 2048;
/** Addresses one contact may list: a few interfaces, each over IPv4 and IPv6. */
export const CONTACT_ADDRESSES_MAX = 8;
/** Largest address of a contact: a multiaddr with a long DNS name. */
export const CONTACT_ADDRESS_BYTES_MAX = 128;
/** Largest name of a node, in UTF-8. */
export const CONTACT_NAME_BYTES_MAX = 64;
/** Contacts remembered decoded, by their bytes: about 1 KB each, so about 4 MB. */
export const CONTACTS_DECODED_MAX = 4_096;
/** How far ahead of our clock a contact may be dated: a clock set wrong by more would lock its record for that long. */
export const CONTACT_AHEAD_MS_MAX = 24 * 60 * 60 * 1000;
/** Longest company name: what the Consortium contract takes. */
export const COMPANY_NAME_BYTES_MAX = 64;
/** Contacts a node remembers: 10,000 edge nodes and as many devices, under 40 MB. */
export const DIRECTORY_ENTRIES_MAX = 20_000;
/** Contacts in one answer of a directory: 512 KB at most, an eighth of a frame. */
export const DIRECTORY_PAGE_ENTRIES_MAX = 256;
/** Observers whose standing on the ledger is remembered per head, so that a reconnecting crowd is not a crowd of calls. */
export const OBSERVER_CACHE_ENTRIES_MAX = 20_000;
/** Nodes one `treadle init` lays out: each is a folder with a key. */
export const PLAN_NODES_MAX = 10_000;

// --- experiments ---------------------------------------------------------------------------

/** Largest scenario file: a hand-written one is a few KB, one with a generated fault list a few hundred. */
export const SCENARIO_TEXT_BYTES_MAX = 1024 * 1024;
/** Nodes of one kind in a scenario: one process must hold them. */
export const SCENARIO_NODES_MAX = 10_000;
/** Faults one scenario lists. */
export const SCENARIO_FAULTS_MAX = 10_000;
/** Virtual time in which a simulated consortium must be up: edge nodes listed, devices able to pay. */
export const SCENARIO_START_MICROS = 600_000_000;
/** Virtual time in which what is under way at the end of a scenario must finish. */
export const SCENARIO_DRAIN_MICROS = 600_000_000;
/** Rows read from a file of places: ten times the nodes, so that a city's file can be sampled. */
export const PLACES_ROWS_MAX = 100_000;

// --- node ----------------------------------------------------------------------------------

/** Records of the vote log before it is rewritten without the final heights: three votes a height, a few minutes. */
export const VOTE_LOG_RECORDS_MAX = 4096;
/** Consensus events that wait for their turn; a hundred sealers' votes for a few rounds fit. */
export const CONSENSUS_EVENTS_MAX = 10_000;
/** View changes whose reasons a node remembers, for reports: those of a bad hour. */
export const CONSENSUS_ROUNDS_KEPT_MAX = 256;
/** Own frames kept for a sealer that connects late: the votes of two rounds. */
export const CONSENSUS_FRAMES_KEPT_MAX = 8;

// --- ledger/rpc ----------------------------------------------------------------------------

/** Largest JSON-RPC body or WebSocket message: a batch of a few large transactions in hex. */
export const RPC_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Calls in one batch. */
export const RPC_BATCH_CALLS_MAX = 1000;
/** Text of one answer, batches included: twice the hex of the largest block that the gas limit allows in practice. */
export const RPC_RESPONSE_BYTES_MAX = 64 * 1024 * 1024;
/** Calls of one WebSocket that run at once; more wait in its queue. */
export const RPC_SOCKET_CALLS_MAX = 64;
/** Messages of one WebSocket that wait; a client that sends more without reading answers is closed. */
export const RPC_SOCKET_QUEUE_MAX = 1024;
/** Filters (`eth_newFilter` and its kin) a node keeps; each holds a few numbers and its criteria. */
export const RPC_FILTERS_MAX = 1024;
/** A filter nobody asks about for this long is dropped, as other nodes do. */
export const RPC_FILTER_IDLE_MICROS = 300_000_000;
/** Hashes of pooled transactions remembered for filters that have not been read yet; older ones are lost to them. */
export const RPC_PENDING_HASHES_KEPT = 20_000;
/** Subscriptions of one WebSocket. */
export const RPC_SUBSCRIPTIONS_PER_CONNECTION_MAX = 128;
/** Subscriptions of all WebSockets. */
export const RPC_SUBSCRIPTIONS_MAX = 4096;
/** Calls that wait for a receipt at once: the devices of a large plant. */
export const RPC_RECEIPT_WAITERS_MAX = 4096;
/** Longest wait for a receipt in one call; a client that wants more asks again. */
export const RPC_RECEIPT_WAIT_MS_MAX = 60_000;
/** Addresses, or topics in one position, a log filter may list. */
export const RPC_LOG_ALTERNATIVES_MAX = 1000;
/** Storage slots one `eth_getProof` may ask for. */
export const RPC_PROOF_SLOTS_MAX = 1024;
/** Blocks one `eth_feeHistory` covers; a longer wish is shortened, as the specification allows. */
export const RPC_FEE_HISTORY_BLOCKS_MAX = 1024;
/** Reward percentiles of one `eth_feeHistory`. */
export const RPC_FEE_PERCENTILES_MAX = 100;
/** Headers one `treadle_headers` returns: about 1 MB with their certificates. */
export const RPC_HEADERS_MAX = 512;
/** Payload bytes that `txpool_content` may show; a fuller pool is read sender by sender. */
export const RPC_POOL_CONTENT_BYTES_MAX = 8 * 1024 * 1024;
/** First pause before a failed peer is dialled again, doubled each time. */
export const LINK_RETRY_MICROS_MIN = 500_000;
/** Longest pause between two dials of one peer: a returning node is back within it. */
export const LINK_RETRY_MICROS_MAX = 10_000_000;
/** Time a JSON-RPC call over the network may take; above the longest wait of `treadle_awaitReceipt`. */
export const RPC_TIMEOUT_MICROS = 40_000_000;
/** Peers whose last connection is remembered: those that can be connected, twice. */
export const PEER_HISTORY_MAX = 2 * PEERS_MAX;

// --- node/api ------------------------------------------------------------------------------

/** Rows one page of the HTTP API may have: what a person scrolls through. */
export const API_PAGE_ROWS_MAX = 100;
/** Rows when the request names no number. */
export const API_PAGE_ROWS_DEFAULT = 25;
/** Longest text that is searched for: a hash is 66 characters. */
export const API_SEARCH_CHARACTERS_MAX = 128;
/** Hits one search returns: a list that is read at a glance. */
export const API_SEARCH_HITS_MAX = 12;
/** Blocks read into the API's view before other work gets its turn. */
export const API_SCAN_SLICE_BLOCKS = 64;
/** Headers one request may walk through to find transactions while the view is not complete. */
export const API_WALK_HEADERS_MAX = 2_000;
/** Blocks with transactions whose places are remembered, 8 bytes each: months of a busy chain in 32 MB. */
export const API_INDEXED_BLOCKS_MAX = 4_000_000;
/** Tasks the view remembers; older ones are still in their blocks. About 1 KB each. */
export const API_TASKS_KEPT_MAX = 20_000;
/** Channels the view remembers; closed ones go first. */
export const API_CHANNELS_KEPT_MAX = 20_000;
/** Edge nodes the view remembers: five times the largest registry this release is tested with. */
export const API_EDGE_NODES_KEPT_MAX = 50_000;
/** Devices the view remembers; those not heard of for longest go first. */
export const API_DEVICES_KEPT_MAX = 50_000;
/** Steps remembered of one task or channel: the first and the latest. */
export const API_HISTORY_STEPS_MAX = 64;
/** Tasks shown on the page of an edge node. */
export const API_NODE_TASKS_SHOWN = 10;
/** Edge nodes and devices drawn on the map, each: beyond it, points cover one another. */
export const API_MAP_POINTS_MAX = 20_000;
/** Latest matches drawn on the map. */
export const API_MAP_MATCHES_MAX = 80;
/** Consoles one node serves events to. */
export const API_STREAMS_MAX = 256;
/** Shortest time between two bundles of events: people do not read faster. */
export const API_EVENT_INTERVAL_MICROS = 250_000;
/** Longest silence on an event stream, below the idle limit of common proxies. */
export const API_PING_INTERVAL_MICROS = 15_000_000;
/** Ids of changed tasks or channels one event names. */
export const API_EVENT_IDS_MAX = 100;
/** Bytes of a transaction's input that are shown. */
export const API_INPUT_SHOWN_BYTES = 4_096;
/** Events of one transaction that are shown. */
export const API_EVENTS_SHOWN_MAX = 100;
/** Elements of one decoded list that are shown. */
export const API_DECODED_ITEMS_MAX = 256;
/** Time the first request for a list waits for the view to be complete, before it is answered with what is there. */
export const API_FIRST_WAIT_MICROS = 2_000_000;
/** Blocks without a peer's announcement after which it counts as lagging. */
export const API_LAGGING_BLOCKS = 10;
/** Peers and blocks that a node shows of its own view. */
export const API_OBSERVED_PEERS_MAX = 500;
export const API_OBSERVED_BLOCKS = 10;
/** Time for which the names of the companies are not asked again. */
export const API_MEMBERSHIP_MICROS = 5_000_000;
/** Blocks the mean block interval is taken over, and the seconds the rate of transactions is taken over. */
export const API_INTERVAL_BLOCKS = 20;
export const API_RATE_SECONDS = 60;

// --- contracts -----------------------------------------------------------------------------

/** Times a transaction is handed to a node that is busy or does not answer, with growing pauses: 200 ms to 3.2 s. */
export const TRANSACT_SEND_ATTEMPTS = 6;
/** First pause between two attempts. */
export const TRANSACT_PAUSE_MICROS = 200_000;
/** One wait for a receipt; several blocks even after a view change. */
export const RECEIPT_WAIT_MS = 10_000;
/** Waits for one receipt; between them the transaction is sent again. */
export const RECEIPT_WAITS_MAX = 6;
/** Pause between two looks for a receipt at a node that cannot wait by itself. */
export const RECEIPT_POLL_MICROS = 250_000;
/** Transactions of one client without a receipt yet: half of what the pool takes of one sender. */
export const TRANSACT_IN_FLIGHT_MAX = POOL_PER_SENDER_MAX / 2;
/** Gas limit when the caller names none: ten times the dearest ordinary call; what runs out is sent again with the most allowed. */
export const TRANSACT_GAS_DEFAULT = 3_000_000n;
/** Services one edge node may offer through its company. */
export const OFFER_SERVICES_MAX = 16;
/** Longest pause between two tries of a step that a starting node needs (registration, listing, a channel). */
export const STARTUP_RETRY_MICROS_MAX = 10_000_000;
/** Tasks a device remembers, for its status page and for reports. */
export const DEVICE_TASKS_KEPT_MAX = 1_000;
/** Latest votes of the consortium that a membership report looks through. */
export const PROPOSALS_REPORTED_MAX = 100;

// --- cli -----------------------------------------------------------------------------------

/** Time in which a node must give its first answer to a command: one that does not run should be told of soon. */
export const CLI_FIRST_ANSWER_MS = 10_000;
/** Blocks whose events a command asks for at once at first; an answer that would be too long is asked for in halves. */
export const CLI_EVENTS_RANGE_BLOCKS = 20_000;
/** Reads of a command that are under way at once: a node answers other clients as well. */
export const CLI_READS_AT_ONCE = 16;
/** Records that a command asks a contract for at once; the contracts give at most 500. */
export const CLI_PAGE_RECORDS = 200;

// --- processes on one machine --------------------------------------------------------------

/** Members of a group of nodes that start at the same time: each signs, connects and registers. */
export const FLEET_STARTING_MAX = 8;
/** Ports in a row that are tried where the one wanted is taken: several consortia on one machine. */
export const PORT_TRIES_MAX = 50;
