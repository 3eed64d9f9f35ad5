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
/** Room that a node leaves on its disk: tidying up a table writes first, and a compaction needs a few files of 2 MB beside the old ones. */
export const DISK_RESERVE_BYTES = 32 * 1024 * 1024;
/** Array buffers of a process, dead ones included, above which they are collected at the cost of speed: as much as NODE_MEMORY_BYTES_MAX, so that a sealer under load stays near 400 MB. */
export const BUFFERS_CROWDED_BYTES = 128 * 1024 * 1024;
/** How often that is looked at: at 20 MB of bodies a second, each of which passes through some five buffers, 10 MB late. */
export const BUFFERS_LOOK_MICROS = 100_000;
/** Time for which a disk that had room is taken to have some: at 100 MB/s less than the reserve is written meanwhile. */
export const DISK_PROBE_INTERVAL_MS = 250;
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

// --- environment: sources outside ------------------------------------------------------------

/** Reads of sources under way at once: the open requests of a busy oracle; each holds a connection and a body. */
export const OUTSIDE_READS_MAX = 64;
/** Longest time one read may take: an answer that is older is of no use to a round. */
export const OUTSIDE_TIMEOUT_MICROS_MAX = 60_000_000;
/** Most content of one read, unpacked: sixteen times the largest of the measured requests. */
export const OUTSIDE_CONTENT_BYTES_MAX = 16 * 1024 * 1024;
/** Hosts, brokers, servers, databases or queries that a node's configuration lists, each: a plant's. */
export const OUTSIDE_ENTRIES_MAX = 256;
/** Redirects that one read follows: to https, to another path, and one more. */
export const OUTSIDE_REDIRECTS_MAX = 3;
/** Rows of one query: an hour of readings, one a second, with room. */
export const OUTSIDE_ROWS_MAX = 10_000;
/** Connections to one database: a query that is slow holds up one more. */
export const OUTSIDE_SQL_CONNECTIONS_MAX = 2;
/** Rows that a database sends at once: small beside the memory of a node, many beside a round trip. */
export const OUTSIDE_SQL_FETCH_ROWS = 500;
/** Time in which a broker, a server or a database must take a connection. */
export const OUTSIDE_CONNECT_MS = 10_000;
/** Pause before a broker that went away is called again, while topics of it are in use. */
export const OUTSIDE_RECONNECT_MS = 2_000;
/** Topics of one broker that are listened to; the one not read for longest makes room. */
export const OUTSIDE_TOPICS_MAX = 256;
/** Largest message of a topic that is remembered; with all topics in use this is 64 MiB. */
export const OUTSIDE_MESSAGE_BYTES_MAX = 256 * 1024;
/** Time without a read after which a topic, a session or a connection is given up: longer than the pause between two rounds of a feed. */
export const OUTSIDE_IDLE_MS = 600_000;
/** Longest message of an OPC UA server: the largest content, as JSON writes it, takes no more there. */
export const OUTSIDE_OPCUA_MESSAGE_BYTES_MAX = OUTSIDE_CONTENT_BYTES_MAX;
/** Queries over database files at once; each has a thread, and a node has few cores to spare. */
export const OUTSIDE_SQLITE_READERS_MAX = 2;
/** Longest URL: what servers and proxies commonly take. */
export const OUTSIDE_URL_CHARACTERS_MAX = 2_048;
/** Longest topic, node id or file name. */
export const OUTSIDE_NAME_CHARACTERS_MAX = 512;
/** Longest value of a header that a request names: a list of media types. */
export const OUTSIDE_HEADER_CHARACTERS_MAX = 256;
/** Longest query: it travels in a request, whose text a contract keeps short too. */
export const OUTSIDE_QUERY_CHARACTERS_MAX = 4_096;
/** Parameters of a query: a machine, a time, a few bounds. */
export const OUTSIDE_PARAMETERS_MAX = 16;

// --- crypto --------------------------------------------------------------------------------

/** Recovered signatures remembered: about 200 bytes each. */
export const RECOVER_CACHE_ENTRIES = 65_536;
/** Checked BLS signatures remembered, some 150 bytes each: a term of rounds of every ledger that a process simulates. */
export const BLS_VERIFIED_CACHE_ENTRIES = 16_384;

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
/** Largest proposal: 5,000 transaction hashes are 165 KB, a header is under 2 KB; room for five times that. */
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
/** Heights below the present one at which contradictions are still found: late votes come within one height, or two. */
export const EVIDENCE_HEIGHTS_BEHIND = 2;
/** Types and rounds of one signer remembered for one height: four messages in each of the rounds whose votes are kept. */
export const EVIDENCE_PLACES_PER_SIGNER_MAX = 4 * (ROUNDS_BEHIND_MAX + 1 + ROUNDS_AHEAD_MAX);
/** Sealers beyond f+1 that are told what others heard at a height: so many of the honest ones among them may be missing. */
export const HEARD_SPARE = 4;
/** Rounds below the last of a height that are told: whatever was said earlier was told when its rounds were the last. */
export const HEARD_ROUNDS_BEHIND = 3;
/** Bytes with which a sealer tells all others once what it heard at a height: a tenth of a second of a 10 Mbit/s link. */
export const HEARD_BYTES_MAX = 100_000;
/** Bytes of one such frame: a hundred messages that nobody else heard like that, or thirty-three signed statements. */
export const HEARD_FRAME_BYTES_MAX = 5 * 1024;
/** Signed statements in one frame: one of each sealer that may lie, in the largest set. */
export const HEARD_STATEMENTS_MAX = Math.floor((SEALERS_MAX - 1) / 3);
/** Statements of which one sealer is asked for the signatures, for one height: others know the rest, or it is made up. */
export const HEARD_ASKED_MAX = 16;
/** Tellings of one sealer about one height that are read: one for each round whose votes are kept. */
export const HEARD_TELLINGS_MAX = ROUNDS_AHEAD_MAX;
/** Times that a statement of one signer is shown to one that heard another: the first may get lost. */
export const HEARD_SHOWINGS_MAX = 2;
/** Statements that one sealer shows about one height which are checked: two of each that may lie. */
export const HEARD_SHOWN_MAX = 2 * HEARD_STATEMENTS_MAX;
/** What one sealer says it heard and this one did not, kept for one height: a hundred sealers' votes of a few rounds. */
export const HEARD_CLAIMS_MAX = 1_024;
/** Committed blocks that decide who is passed over, and blocks for which a failed proposer waits for its next try: no fewer than sealers. */
export const SKIP_WINDOW_BLOCKS = 100;
/** Longest base of the round timeouts, adapted or stretched: a quorum that needs longer for three messages is not connected. */
export const BASE_TIMEOUT_MICROS_MAX = 10_000_000;

/** Nested messages in one message of a baseline engine: certificates of both layers for a hundred sealers. */
export const BASELINE_NESTED_MAX = 4 * SEALERS_MAX;
/** Views above the current one from which a baseline engine keeps messages. */
export const BASELINE_ROUNDS_AHEAD_MAX = 16;
/** Doublings of a baseline engine's timeout: PBFT has no cap, numbers have. */
export const BASELINE_TIMEOUT_DOUBLINGS_MAX = 20;
/** Blocks that a proof-of-work engine keeps, and orphans of one parent. */
export const POW_BLOCKS_KEPT_MAX = 1_024;

/** Messages that a compared node is putting together from frames at once: a block of every leader and every body. */
export const COMPARISON_TRANSFERS_OPEN_MAX = 10_000;
/** Messages of later heights that a compared node keeps: a few heights of votes of a hundred sealers. */
export const COMPARISON_LATER_MAX = 100_000;

// --- ledger --------------------------------------------------------------------------------

/** Transactions one block may hold: at two blocks a second 10,000 records/s, more than a small server executes; what takes longer is bounded by PROPOSAL_EXECUTION_MICROS. */
export const BLOCK_TRANSACTIONS_MAX = 5_000;
/**
 * Time in which a proposer wants its block executed, by the pace of its latest ones: proposer and checkers one after the
 * other stay below half of the default patience of two seconds.
 */
export const PROPOSAL_EXECUTION_MICROS = 400_000;
/** Gas that a proposal may have however slow the latest blocks were: some 200 records. */
export const PROPOSAL_GAS_MIN = 5_000_000n;
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
/** Time in which blocks should take up what a node's clients have waiting: beyond it they are told "busy". */
export const POOL_DEPTH_MICROS = 2_000_000;
/** Transactions that a node's clients may have waiting whatever the pace was: a burst of a thousand devices after an outage. */
export const POOL_DEPTH_MIN = 1_024;
/** Time after which a client whose transactions found that many waiting should come back: less than a block takes. */
export const POOL_DEPTH_RETRY_MS = 200;
/** Time that a client's body should wait for its block at most: when one waits longer, only so many are taken in as blocks took up in that time. */
export const POOL_BODIES_WAIT_MICROS = 10_000_000;
/** Bytes of clients' bodies that may wait even if blocks took up none: one of the common size. */
export const POOL_BODIES_BYTES_MIN = 1024 * 1024;
/** Share of what clients may have waiting above which only transactions are taken that could run next: what waits for a predecessor must leave room for that. */
export const POOL_GAPS_SHARE = 0.5;
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
/** A node that has reached no other sealer for so long tells clients so: longer than a restart or a lost connection takes. */
export const ALONE_MICROS_MAX = 10_000_000;
/** Time after which a caller that was told "busy" should come back. */
export const BUSY_RETRY_AFTER_MS = 1_000;
/** Largest value of one record: 128 slots; what is larger travels as a payload and its digest is anchored. */
export const RECORD_VALUE_BYTES_MAX = 4_096;
/** Addresses and topics whose places in a bloom filter are remembered: the contracts, events and accounts in use. */
export const BLOOM_ENTRIES_MAX = 8_192;
/** Pieces of memory that keys of the chain table are made in: 248 of them share one. */
export const KEY_PIECE_BYTES = 8 * 1024;
/** Pieces of memory that the filters of receipts are made in: 64 of them share one. */
export const BLOOM_PIECE_BYTES = 16 * 1024;
/** Accounts and slots kept decoded per state root: some 200 bytes each, so about 10 MB. */
export const STATE_CACHE_ENTRIES_MAX = 50_000;
/** Hashed keys that a state remembers: the accounts and slots of one large block, some 100 bytes each. */
export const STATE_PATHS_MAX = 16_384;
/** State roots whose decoded entries are kept: the head, a proposal beside it and a few older ones being read. */
export const STATE_CACHE_ROOTS_MAX = 4;
/**
 * Bytes of trie nodes and code kept in memory over the disk, with their hashes: some 100,000 nodes. A chain that writes new slots
 * reads a neighbour of each: from the disk that costs more than executing it.
 */
export const STATE_NODES_CACHED_BYTES_MAX = 32 * 1024 * 1024;
/** Pieces in which that memory is taken: few for the garbage collector, small beside what a node that does little needs. */
export const STATE_CACHE_CHUNK_BYTES = 256 * 1024;
/** Pieces of memory that new trie nodes are written to: some 200 of them share one, and keep it from being freed. */
export const NODE_BYTES_CHUNK = 64 * 1024;
/** Executions kept by a shared executor: every simulated node asks for the same block within a few heights. */
export const SHARED_EXECUTIONS_MAX = 16;
/** Answers to calls kept by a shared executor: what every simulated node asks of one state, e.g. who its members are, and of the few before. */
export const SHARED_CALLS_MAX = 4096;
/** Largest input of a call whose answer is shared: questions are short. */
export const SHARED_CALL_BYTES_MAX = 1024;
/** Executed proposals of the next height a node keeps: one per round that is under way. */
export const PROPOSALS_KEPT_MAX = 8;
/** Decoded transactions remembered by hash, so that a transaction seen twice is decoded and recovered once. */
export const TRANSACTIONS_DECODED_MAX = 8_192;
/** Pieces of memory that the bytes of transactions are kept in: some twelve share one. One that waits for long keeps no more than POOL_ENTRY_OVERHEAD_BYTES. */
export const TRANSACTION_PIECE_BYTES = 2 * 1024;
/** Block hashes kept in memory: `BLOCKHASH` reaches 256 blocks back, and a bounded map may hold as little as half. */
export const BLOCKHASHES_CACHED_MAX = 1_024;
/** Headers remembered by hash, so that one which many nodes of a process see is decoded once: about 3 KB each. */
export const HEADERS_DECODED_MAX = 2_048;
/** Roots of transaction lists remembered, for the same reason: the hashes of a full block, by which each is found, are 330 KB. */
export const TRANSACTIONS_ROOTS_MAX = 8;
/** `PREVRANDAO` values remembered: a block's is asked for when it is proposed, checked and committed. */
export const MIX_HASHES_MAX = 64;
/** Blocks whose table entries are kept for the other nodes of the process, which write the same within moments. */
export const BLOCK_CONTENTS_SHARED_MAX = 4;
/** Latest blocks kept encoded for the peers that follow: each of them asks for the same one. */
export const BLOCKS_ENCODED_MAX = 8;
/** Transactions in the blocks that are kept decoded: with their receipts some 3 KB each, so about 12 MB. */
export const CACHED_TRANSACTIONS_MAX = 4_096;
/** Blocks with their receipts kept decoded for readers. */
export const BLOCKS_CACHED_MAX = 64;
/** Bytes of all pooled transactions: 20,000 of the largest would be 5 GB. */
export const POOL_BYTES_MAX = 64 * 1024 * 1024;
/** Proposals in which a pooled transaction may turn out unable to run, although its account allows it, before it is dropped. */
export const TRANSACTION_REFUSALS_MAX = 3;
/** Records of the pool's log beyond the live ones before it is rewritten. */
export const POOL_LOG_DEAD_RECORDS_MAX = 4_096;
/** Their bytes: a few seconds of blocks full of large transactions, and a small part of any storage limit. */
export const POOL_LOG_DEAD_BYTES_MAX = 8 * 1024 * 1024;
/** Hashes in one request for bodies. */
export const BODIES_PER_REQUEST_MAX = 1_024;
/** Bytes of bodies or blocks in one answer; a single larger one still goes alone. */
export const SYNC_RESPONSE_BYTES_MAX = 2 * 1024 * 1024;
/** Peers asked for the bodies of one proposal, and for one range of blocks, before giving up until the next occasion. */
export const FETCH_PEERS_MAX = 8;
/** Time one peer has to answer with bodies or blocks; then the next one is asked. */
export const FETCH_TIMEOUT_MICROS = 3_000_000;
/** Sealers after it in the agreed order whom a sealer tells of each block: whoever missed its votes hears of it though two are down. */
export const HEAD_NEXT_SEALERS = 3;
/** Blocks after which an observer tells its head to those who have it too: before it would count as lagging there. */
export const HEAD_SHOWN_BLOCKS = 5;
/** Pause without a new block after which a sealer tells all others of the last one, whose votes some may have missed. */
export const HEAD_QUIET_MICROS = 2_000_000;
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
/** Time in which a node gathers its clients' transactions into one frame for the others: little beside a block. */
export const GOSSIP_GATHER_MICROS = 5_000;
/** Transactions after which it waits no longer: about what GOSSIP_FRAME_BYTES_MAX holds of small ones. */
export const GOSSIP_GATHERED_MAX = 2_048;
/** Own clients' transactions that no block took are told to others again after so long: more than any block waits for. Then after twice that, and so on, */
export const SPREAD_AGAIN_MICROS_MIN = 5_000_000;
/** but at least so often, */
export const SPREAD_AGAIN_MICROS_MAX = 60_000_000;
/** and so many after a block at most: little beside what a block holds. */
export const SPREAD_AGAIN_AT_ONCE_MAX = 128;
/** Transactions of peers checked before other work has its turn: some 3 ms of signatures. */
export const GOSSIP_SLICE_TRANSACTIONS = 64;
/** Transactions of one client's request checked before other work has its turn: the same for those that come directly. */
export const SUBMIT_SLICE_TRANSACTIONS = 64;
/** Transactions from peers that wait to be checked; more are dropped and travel again with a proposal. */
export const GOSSIP_WAITING_MAX = 8_192;
/** Headers a light client takes in one step: a range fetched while it was away. */
export const LIGHT_HEADERS_KEPT_MAX = 256;

// --- ledger/storage: repair, pruning, snapshots ------------------------------------------------

/** Pause before a block that found no room on the disk is written again. */
export const DISK_FULL_RETRY_MICROS = 1_000_000;
/** Headers with certificates in one answer: about 1 KB each at four sealers; the byte limit of an answer cuts longer ones. */
export const HEADERS_PER_REQUEST_MAX = 512;
/** Trie nodes in one request: some 200 bytes each, so about 75 KB. */
export const STATE_NODES_PER_REQUEST_MAX = 384;
/** Parts of a state that are walked side by side, each with one request under way: as many as a usual consortium has peers. */
export const STATE_WALK_LANES = 4;
/** Parts into which a state is cut for that: so many that the lanes end at about the same time. */
export const STATE_WALK_SUBTREES = 64;
/** Whole parts of states remembered while a node joins, so that a later state is walked only where it differs. */
export const STATE_WALK_DONE_MAX = 8_192;
/** Blocks that peers may commit before the state under way is given up for a newer one: half of what they keep at least. */
export const SNAPSHOT_PIVOT_BLOCKS_MAX = 64;
/** States in a row that a join tries: under load the last ones differ by seconds and are fetched in as much. */
export const SNAPSHOT_ATTEMPTS_MAX = 64;
/** Blocks behind from which a node joins by snapshot instead of executing them, unless node.json says otherwise. */
export const SNAPSHOT_BEHIND_BLOCKS = 10_000;
/** Blocks that a node has executed while it caught up, without coming closer, after which it joins by snapshot. */
export const SYNC_STALL_BLOCKS = 2_048;
/** Latest states that a node with a storage limit keeps: those that may still be proposed on, and what joining peers need. */
export const STATES_KEPT_MIN = 128;
/** Latest blocks whose transactions such a node keeps, for peers that are a little behind. */
export const BLOCKS_KEPT_MIN = 128;
/** Share of the storage limit from which on the oldest blocks are dropped, and down to which. */
export const PRUNE_ABOVE_SHARE = 0.75;
export const PRUNE_DOWN_TO_SHARE = 0.6;
/** Share from which on the node looks for state that nothing leads to any more. */
export const SWEEP_ABOVE_SHARE = 0.4;
/** Pause between two measurements of the storage; blocks that write a lot are measured sooner. */
export const STORAGE_MEASURE_MICROS = 10_000_000;
/** Share of the storage limit that may be written before it is measured again. */
export const STORAGE_MEASURE_SHARE = 0.02;
/** Blocks whose transactions are dropped in one step: a few MB of deletions at most loads. */
export const PRUNE_STEP_BLOCKS = 64;
/** State nodes looked at in one step of a sweep. */
export const SWEEP_STEP_NODES = 1_024;
/** Pause between two steps of pruning, for the work that the node is there for. */
export const PRUNE_PAUSE_MICROS = 2_000;
/** Bits of the filter that marks the state in use: 32 MiB, for some 20 million nodes. */
export const STATE_MARK_BITS_MAX = 2 ** 28;
/** Pause between two steps of the scrub. */
export const SCRUB_INTERVAL_MICROS = 30_000_000;
/** Records that one step of the scrub reads: 10 ms of work; a million records take four hours. */
export const SCRUB_STEP_RECORDS = 2_048;
/** Blocks below a head that cannot be read among which the newest whole one is looked for. */
export const REOPEN_BLOCKS_MAX = 4_096;
/** Pause before a node whose head's state is lost in part looks again for peers that have it. */
export const HEAL_RETRY_MICROS = 2_000_000;
/** Lost records that are fetched at once; a reader of more is told to come again. */
export const REPAIRS_AT_ONCE_MAX = 256;
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
/** Pages and questions of a directory kept encoded until it changes: those of one walk through it, and a few more. */
export const DIRECTORY_PAGES_KEPT_MAX = 128;
/** Contacts in one answer of a directory: 512 KB at most, an eighth of a frame. */
export const DIRECTORY_PAGE_ENTRIES_MAX = 256;
/** Observers whose standing on the ledger is remembered per head, so that a reconnecting crowd is not a crowd of calls. */
export const OBSERVER_CACHE_ENTRIES_MAX = 20_000;
/** How often a node looks whether its peers are still members: an expired certificate is shut out within it. */
export const PEER_REVIEW_MICROS = 5_000_000;
/** How often a node looks at its own certificate, and how often it warns: four times a day. */
export const CERTIFICATE_LOOK_MICROS = 6 * 60 * 60 * 1_000_000;
/** How long before its end a certificate is warned of: time for two people to be on holiday. */
export const CERTIFICATE_WARNING_SECONDS = 30 * 24 * 60 * 60;
/** Blocks after which a candidate's proof of sync is sent again if nothing came of it. */
export const SYNC_PROOF_RETRY_BLOCKS = 3;
/** Blocks after which a waiting candidate proves again that it is in sync: half of the time for which a proof counts. */
export const SYNC_PROOF_RENEW_BLOCKS = 128;
/** Equivocations that a node is about to report; more of them in one go are one attack, and the first ones quarantine it. */
export const EVIDENCE_WAITING_MAX = 64;
/** Longest time by which a node lets others report first, in steps of which each sealer has its own. */
export const EVIDENCE_TURN_MICROS = 100_000;
export const EVIDENCE_TURNS_MAX = 8;
/** Attempts at one report; each waits for a block by itself. */
export const EVIDENCE_ATTEMPTS_MAX = 8;
/** Equivocations on record that reports show, newest first. */
export const EVIDENCE_REPORTED_MAX = 20;
/** Nodes one `treadle init` lays out: each is a folder with a key. */
export const PLAN_NODES_MAX = 10_000;
/** Ledgers that are laid out together: a node with a seat on each holds all of them on one machine. */
export const LEDGERS_MAX = 16;

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

// --- experiments/faults --------------------------------------------------------------------

/** Accounts that the clients of a fault run send from: each has a few transactions under way, so hundreds are. */
export const FAULT_ACCOUNTS = 48;
/** Companies with a key that have not joined: as many as one run ever adds. */
export const FAULT_SPARES = 4;
/** Consortium sizes whose keys and genesis a process keeps: a campaign mixes about as many. */
export const FAULT_LAYOUTS_MAX = 16;
/** Violations that one run tells one by one; beyond them it goes on counting. */
export const FAULT_VIOLATIONS_TOLD_MAX = 20;
/** Runs that one process of a campaign does before a new one takes its place: what a process remembers between runs stays small. */
export const FUZZ_RUNS_PER_PROCESS = 300;

// --- node ----------------------------------------------------------------------------------

/** Records of the vote log before it is rewritten without the final heights: three votes a height, a few minutes. */
export const VOTE_LOG_RECORDS_MAX = 4096;
/** Bytes of the vote log before it is rewritten: proposals and proofs of 64 KB make it long before their number does. */
export const VOTE_LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Rounds whose time was measured that the base of the timeouts is taken from: a slower network shows within five blocks. */
export const PACE_SAMPLES_MAX = 16;
/** Consensus events that wait for their turn; a hundred sealers' votes for a few rounds fit. */
export const CONSENSUS_EVENTS_MAX = 10_000;
/** View changes whose reasons a node remembers, for reports: those of a bad hour. */
export const CONSENSUS_ROUNDS_KEPT_MAX = 256;
/** Frames of one peer kept until this node begins a height at which it listens to it: the votes of a few rounds. */
export const HELD_FRAMES_PER_PEER_MAX = 32;
/** Bytes of those: one of the largest frames. */
export const HELD_BYTES_PER_PEER_MAX = FRAME_BYTES_MAX;
/** Frames kept of peers that are no sealers but may be at the next height: a few votes of some. */
export const STRANGER_FRAMES_MAX = 64;
/** Consensus messages a second that are read of one peer: an honest sealer sends three a block, and a few in every round. */
export const CONSENSUS_MESSAGES_PER_SECOND_MAX = 1_000;
/** Pause after which sealers compare what they heard at a height: late votes are in it, and the next block is not made yet. */
export const HEARD_PAUSE_MICROS = 100_000;
/** Frames of that kind a second that are read of one peer: an honest sealer sends a few for each block. */
export const HEARD_FRAMES_PER_SECOND_MAX = 100;
/** Worthless messages that cost signature checks which a peer may send at once, and then one a second, before it is dropped. */
export const WORTHLESS_MESSAGES_MAX = 16;
/** First and longest pause before sealers that did not answer are asked again where this sealer stands. */
export const STANDING_PAUSE_MICROS = 250_000;
export const STANDING_PAUSE_MICROS_MAX = 4_000_000;
/** Time that a sealer has to say where another one stands. */
export const STANDING_TIMEOUT_MICROS = 2_000_000;
/** Sealers whose answers are remembered: those of the present set and of one before it. */
export const STANDING_ANSWERS_MAX = 2 * SEALERS_MAX;
/** Pause before a block is fetched for which there was no room on the disk. */
export const DISK_FULL_PAUSE_MICROS = 1_000_000;
/** Own frames kept for a sealer that connects late: the votes of two rounds. */
export const CONSENSUS_FRAMES_KEPT_MAX = 8;

// --- ledger/payload: transactions, store, memory ---------------------------------------------

/** Largest body of a payload transaction: a minute of vibration samples or a firmware image; larger files are cut by their sender. */
export const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
/** Chunk of a body: small enough that votes never wait long behind one (5 ms on 100 Mbit/s), large enough that its proof is a third of a percent. */
export const PAYLOAD_CHUNK_BYTES = 64 * 1024;
/** Longest media type, parameters included. */
export const PAYLOAD_MEDIA_TYPE_CHARACTERS_MAX = 64;
/**
 * Gas per KiB of a body, begun ones counted whole: what a 100 Mbit/s link needs for a KiB (80 microseconds) at the 20 to 25 million gas
 * a second that a node executes. The largest body costs 8.2 million gas, a block full of bodies 65.5 million of its 300 million.
 */
export const PAYLOAD_GAS_PER_KIB = 2_000n;
/** Bodies of one block: at two blocks a second 64 MB/s, three times what is wanted of 1 MB bodies, and 32 s of a 10 Mbit/s link at worst. */
export const BLOCK_PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;
/** Bodies of all pooled payload transactions, held or on their way: four full blocks of them. */
export const POOL_PAYLOAD_BYTES_MAX = 4 * BLOCK_PAYLOAD_BYTES_MAX;
/** Bodies in a block that others have hardly had time to receive, taken only when the block would carry none else: a third of a second on 100 Mbit/s. */
export const BLOCK_YOUNG_PAYLOAD_BYTES_MAX = PAYLOAD_BYTES_MAX;
/** Of that, what this node's line delivers in so long: well within a round, with the others' help. One body in any case. */
export const BLOCK_YOUNG_PAYLOAD_MICROS = 500_000;
/** Time that others are given for a body before it is proposed, at first and at least: a round trip between plants and the chunks' way through one relay. */
export const PAYLOAD_SPREAD_MICROS_MIN = 100_000;
/** At most: a body that takes longer is proposed all the same, and the others fetch it. */
export const PAYLOAD_SPREAD_MICROS_MAX = 5_000_000;
/** Time for which a proposer waits to hear that a quorum holds a body; then it names one such body in a block, and the others fetch it. */
export const PAYLOAD_SPREAD_KNOWN_MICROS_MAX = 20_000_000;
/** Of that, per byte: 100 Mbit/s. */
export const PAYLOAD_SPREAD_MICROS_PER_BYTE = 0.08;
/** Time after which a pooled transaction whose body has not been pushed here is asked for. */
export const PAYLOAD_PULL_AFTER_MICROS = 3_000_000;
/** Time after which a pooled transaction is dropped when nobody delivers its body. */
export const PAYLOAD_ABSENT_MICROS_MAX = 120_000_000;
/** Bodies that a node asks for at once outside of consensus: imported blocks must not crowd out what is being decided. */
export const PAYLOAD_FETCHES_MAX = 4;
/** Pause after every body that a node lacks was asked for in vain. */
export const PAYLOAD_FETCH_RETRY_MICROS = 5_000_000;
/** Blocks after which a body is no longer expected from anybody: late pushes of a decided body are welcome that long. */
export const PAYLOAD_RELEASE_BLOCKS = 32;
/** Chunks of one body that are written to disk as one file: 16 of them are 1 MiB, so that a common body costs one flush. */
export const PAYLOAD_SEGMENT_CHUNKS_MAX = 16;
/** Time for which a chunk waits for others of its body before it is written without them. */
export const PAYLOAD_SEGMENT_WAIT_MICROS = 50_000;
/** Segments that are kept in memory after they were written or read, for those who ask for their chunks: eight of 4 MiB. */
export const PAYLOAD_CACHE_BYTES_MAX = 32 * 1024 * 1024;
/** Roots and trees remembered by the process, so that a body that many of its nodes see is hashed once: some 3 KB each. */
export const PAYLOAD_TREES_MAX = 512;
/** What a node keeps in memory for others at once: pool, bodies under way, gossip, requests. With code and state caches it stays below 400 MB. */
export const NODE_MEMORY_BYTES_MAX = 128 * 1024 * 1024;
/** What a pooled transaction takes beside its bytes: its decoded form and its places in the maps. */
export const POOL_ENTRY_OVERHEAD_BYTES = 2 * 1024;
/** Transactions of one `POST /batch`. */
export const BATCH_ITEMS_MAX = 4_096;
/** Bytes of one `POST /batch`: sixteen bodies of 1 MB. */
export const BATCH_BYTES_MAX = 16 * 1024 * 1024;

// --- ledger/payload: dissemination ----------------------------------------------------------

/**
 * Bytes of chunks that one peer may have under way to another without an acknowledgement: 16 chunks, 50 ms of a 160 Mbit/s line. A
 * peer that has more than twice as much unacknowledged is dropped.
 */
export const EXCHANGE_WINDOW_BYTES = 1024 * 1024 + 64 * 1024;
/** Bytes of chunks that a node has under way to all peers: a third of a second of 100 Mbit/s, twelve times what a round trip of 25 ms needs. */
export const EXCHANGE_EGRESS_BYTES = 4 * 1024 * 1024;
/** Of that, what arrives in so long: what is pulled for a proposal waits behind it. Several times the longest round trip between plants. */
export const EXCHANGE_UNDER_WAY_MICROS = 500_000;
/** Bytes that may be under way before it is known how fast they arrive, and beside what arrives in that time: one chunk with its proof. */
export const EXCHANGE_PACE_START_BYTES = PAYLOAD_CHUNK_BYTES + 1024;
/** Bytes of acknowledgements that tell how fast a line is: several chunks, because they come one at a time. */
export const EXCHANGE_PACE_BYTES = 8 * PAYLOAD_CHUNK_BYTES;
/** Least time over which they are counted: a round trip between plants. */
export const EXCHANGE_PACE_MICROS_MIN = 50_000;
/** Time after which fewer of them tell it as well: a line may have become thin. */
export const EXCHANGE_PACE_MICROS_MAX = 1_000_000;
/** The same of all peers together: some chunks, because each may be for another peer. */
export const EXCHANGE_EGRESS_START_BYTES = 4 * EXCHANGE_PACE_START_BYTES;
/** Work that a source or a relay takes on, in time of its own line: beyond it relays are asked to help, or told that this node cannot. */
export const EXCHANGE_BACKLOG_MICROS = 2_000_000;
/** Beside that, however slow the line seems: a body of the common size. A line that had little to do seems slower than it is. */
export const EXCHANGE_BACKLOG_BYTES_MIN = 1024 * 1024;
/** Chunks waiting for one peer, as references of some 100 bytes each: 256 MiB of bodies. More is left to pulls. */
export const EXCHANGE_LANE_CHUNKS_MAX = 4_096;
/** Pulled chunks waiting for one peer: what it may ask one peer for at once, several times over. */
export const EXCHANGE_LANE_PULLS_MAX = 256;
/** Chunks, encoded, that are kept to send them to the next peer without reading them again. */
export const EXCHANGE_FRAMES_BYTES_MAX = 16 * 1024 * 1024;
/** Body bytes offered to one peer that are not whole there yet: 2.7 s of 100 Mbit/s, longer than a body is under way through a busy relay. */
export const EXCHANGE_OFFERED_BYTES_MAX = 32 * 1024 * 1024;
/** Bodies offered to one peer at once: with tiny bodies the bytes do not bound them. */
export const EXCHANGE_OFFERED_ROOTS_MAX = 256;
/** Offers of one peer for transactions that are not known yet: what it may offer at once. */
export const EXCHANGE_OFFERS_KEPT_MAX = EXCHANGE_OFFERED_ROOTS_MAX;
/** Bodies that are expected, offered or spread: as many as transactions fit the pool, with room for those of the last blocks. */
export const EXCHANGE_ROOTS_MAX = 32_768;
/** Calls that wait for bodies at once: the blocks that a node checks or imports hold fewer. */
export const EXCHANGE_WAITERS_MAX = 4_096;
/** Direct pushes waiting above which a body goes through relays instead: two thirds of a second of 100 Mbit/s. */
export const EXCHANGE_DIRECT_BYTES_MAX = 8 * 1024 * 1024;
/** Work of its own and of others with which a node declines to relay more, chunk times receivers: 0.7 s of 100 Mbit/s. */
export const EXCHANGE_RELAY_BYTES_MAX = 8 * 1024 * 1024;
/** Work that a source hands to one relay ahead of its confirmations; at least two chunks, so that the relay never waits. */
export const EXCHANGE_RELAY_AHEAD_BYTES = 8 * 1024 * 1024;
/** Time for which a relay that declined is left in peace: it has done what it had to do then, or has more of its own. */
export const EXCHANGE_RELAY_BUSY_MICROS = 1_000_000;
/** Time in which a relay confirms a chunk, several times what it takes with a full backlog; later its share is the pulls' business. */
export const EXCHANGE_RELAY_TIMEOUT_MICROS = 8_000_000;
/** Time for which a relay is not used after it failed: others pull what it withholds, so it must not happen all the time. */
export const EXCHANGE_RELAY_REST_MICROS = 30_000_000;
/** Time that a relayed body waits for the sealers to answer the offer: a round trip between plants and a check of the envelope. */
export const EXCHANGE_READY_MICROS = 150_000;
/** Longest wait of acknowledgements for others to share their frame; short beside a round trip. */
export const EXCHANGE_CREDIT_MICROS = 2_000;
/** Bytes of notes in one frame: a small one for every network. */
export const EXCHANGE_NOTES_BYTES_MAX = 8 * 1024;
/** How often bodies that do not come are looked at. */
export const EXCHANGE_TICK_MICROS = 100_000;
/** A peer that acknowledges nothing for so long no longer counts against what others get, and is asked what arrived. */
export const EXCHANGE_STALL_MICROS = 3_000_000;
/** Silence on a body that is needed now before it is pulled: several chunks of a slow line. */
export const EXCHANGE_GRACE_MICROS = 250_000;
/** Silence on a body that was offered before it is pulled: a relay and a full queue fit. Doubled with every "later", up to the next. */
export const EXCHANGE_PATIENCE_MICROS = 1_500_000;
/** Longest silence after repeated "later"s. */
export const EXCHANGE_PATIENCE_MICROS_MAX = 12_000_000;
/** Time that one peer has to deliver a pulled chunk; then the next one is asked. */
export const EXCHANGE_PULL_MICROS = 2_000_000;
/** Chunks pulled from one peer at once: 1 MiB, a body of the common size. */
export const EXCHANGE_PULLS_PER_PEER_MAX = 16;
/** Rounds over all peers after which a body is left in peace for EXCHANGE_PATIENCE_MICROS_MAX; a new offer starts anew. */
export const EXCHANGE_PULL_ROUNDS_MAX = 4;
/** Time without a single chunk after which a body that is needed counts as missing: two peers that stay silent, and a third. */
export const EXCHANGE_OBTAIN_IDLE_MICROS = 6_000_000;
/** Longest wait for a body that is needed: the largest body at 1 Mbit/s takes half of it. */
export const EXCHANGE_OBTAIN_MICROS_MAX = 60_000_000;
/** Time without a chunk of a body after which those that are gathered are written, although neighbours are missing. */
export const EXCHANGE_GATHER_MICROS = 2_000_000;
/** Share of the memory budget above which chunks are written as they come. */
export const EXCHANGE_GATHER_BUDGET_SHARE = 0.75;
/** Chunks that a peer may send unasked or twice before its use is looked at: the late copies of some bodies. */
export const EXCHANGE_USELESS_CHUNKS_MAX = 512;

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
/** First pause before the directory of a connected peer is asked for again, doubled each time: the line may have been full. */
export const EXCHANGE_RETRY_MICROS_MIN = 1_000_000;
/** Longest pause between two attempts: a device that could not be told where the sealers are is up within it. */
export const EXCHANGE_RETRY_MICROS_MAX = 30_000_000;
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
/** Oracle requests the view remembers, pending ones longest; specifications and answers are up to 8 KB each, usually a hundred bytes. */
export const API_REQUESTS_KEPT_MAX = 20_000;
/** Messages between ledgers the view remembers; those that have not ended longest. A relayer's queue of some thousands fits. */
export const API_MESSAGES_KEPT_MAX = 20_000;
/** Terms of the oracle the view remembers: some hours of them. */
export const API_TERMS_KEPT_MAX = 128;
/** Terms, and stakes that were taken, which the page of the oracle lists. */
export const API_TERMS_SHOWN = 12;
/** Contracts that asked the oracle and are looked at for feeds: the latest. */
export const API_FEEDS_MAX = 100;
/** Rounds of a feed that are shown: what a curve can show. */
export const API_FEED_ROUNDS_SHOWN = 100;
/** Oracle nodes that are asked what they did about one request: who led, and who stood in for them. */
export const API_LEADERS_ASKED_MAX = 8;
/** Rounds that an oracle node tells at a time, the latest of what was asked. */
export const ORACLE_ROUNDS_TOLD_MAX = 32;
/** Bytes of such an answer: 32 rounds of a group of 127 with their objections. */
export const ORACLE_ROUNDS_BYTES_MAX = 1024 * 1024;
/** Time in which an oracle node must tell: a page waits for it. */
export const ORACLE_ROUNDS_TIMEOUT_MICROS = 1_500_000;
/** Times that a peer may ask for rounds in a second. */
export const ORACLE_ROUNDS_ASKED_PER_SECOND = 20;

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
/** Blocks after which an oracle node looks at its registration although no block said anything of it: one may have been missed. */
export const ORACLE_LOOK_BLOCKS = 60;
/** Blocks after which an oracle node tries a step of its registration again that failed. */
export const ORACLE_RETRY_BLOCKS = 4;
/** Longest pause between two tries of a step that a starting node needs (registration, listing, a channel). */
export const STARTUP_RETRY_MICROS_MAX = 10_000_000;
/** Tasks a device remembers, for its status page and for reports. */
export const DEVICE_TASKS_KEPT_MAX = 1_000;
/** Latest votes of the consortium that a membership report looks through. */
export const PROPOSALS_REPORTED_MAX = 100;

/** Leaves of one lane's tree in memory, 64 bytes each with what is above them: a message and a receipt a second for 24 days. */
export const LANE_LEAVES_MAX = 2 ** 22;
/** Blocks whose events a lane is read from with one question. */
export const LANE_BLOCKS_PER_QUERY = 1_000;
/** Heights of a ledger that nobody files for count when they are multiples of this: as many blocks as between two filings. */
export const LANE_STEP_BLOCKS = 16;
/** Heights back from the newest one at which nodes look for a lane: some are a few blocks ahead of others, and a filing may be late. */
export const LANE_HEIGHTS_BACK = 4;
/** Heights that a gateway files after it was away: later ones tell all that earlier ones do. */
export const FILING_CATCH_UP_HEIGHTS = 4;
/** Between two looks for heights to file: one comes in eight seconds at most. */
export const FILING_PAUSE_MICROS = 1_000_000;
/** Messages or receipts in one transaction of a relay: what the contracts take. */
export const RELAY_BATCH_MAX = 64;
/** Gas of one transaction of a relay: a third of a block is left to others. */
export const RELAY_BATCH_GAS_MAX = 40_000_000n;
/** Between two looks at a lane while there is work, and when there is none. */
export const RELAY_PAUSE_MICROS_MIN = 500_000;
export const RELAY_PAUSE_MICROS_MAX = 4_000_000;
/** Turns that relays of one lane take, and how long one waits for the one before: two blocks. */
export const RELAY_TURNS_MAX = 4;
export const RELAY_TURN_MICROS = 2_000_000;
/** Life of a relay's request to the oracle: a term may have to end first. */
export const RELAY_ASK_SECONDS = 300;

// --- cli -----------------------------------------------------------------------------------

/** Time in which a node must give its first answer to a command: one that does not run should be told of soon. */
export const CLI_FIRST_ANSWER_MS = 10_000;
/** Blocks whose events a command asks for at once at first; an answer that would be too long is asked for in halves. */
export const CLI_EVENTS_RANGE_BLOCKS = 20_000;
/** Reads of a command that are under way at once: a node answers other clients as well. */
export const CLI_READS_AT_ONCE = 16;
/** Records that a command asks a contract for at once; the contracts give at most 500. */
export const CLI_PAGE_RECORDS = 200;
/** Requests of the oracle that a list shows at most. */
export const CLI_REQUESTS_SHOWN_MAX = 1_000;
/** How often a command that waits for an answer looks. */
export const CLI_ANSWER_POLL_MS = 500;
/** How long it waits beyond the request's end: somebody may have brought the answer in its last block. */
export const CLI_ANSWER_GRACE_MS = 30_000;
/** Gas to create a feed: a DataFeed takes 2.1 million. */
export const CLI_CREATE_GAS = 8_000_000n;

// --- processes on one machine --------------------------------------------------------------

/** Members of a group of nodes that start at the same time: each signs, connects and registers. */
export const FLEET_STARTING_MAX = 8;
/** Ports in a row that are tried where the one wanted is taken: several consortia on one machine. */
export const PORT_TRIES_MAX = 50;

// --- telemetry and its digests -------------------------------------------------------------

/** Readings of one batch: some 0.1 s of work for a database in this process. */
export const TELEMETRY_BATCH_READINGS_MAX = 10_000;
/** Readings of one page: under 1 MB of JSON. */
export const TELEMETRY_PAGE_READINGS = 5_000;
/** Name of a twin or a metric: URNs are under 100 bytes. */
export const TELEMETRY_NAME_BYTES_MAX = 256;
/** Value that is a text: with its names and salt it fits the two-byte length of an entry. */
export const TELEMETRY_TEXT_BYTES_MAX = 32 * 1024;
/** Readings removed in one transaction, so that others get their turn in between. */
export const TELEMETRY_EXPIRE_READINGS = 20_000;
/** Span of a partition of readings in PostgreSQL: of ten years there are 122. */
export const TELEMETRY_PARTITION_MS = 30 * 24 * 3_600_000;
/** Partitions that are made: two hundred years of readings; a clock that is wrong by more is not followed. */
export const TELEMETRY_PARTITIONS_MAX = 2_433;
/** Connections to PostgreSQL of one node: one writes, others read. */
export const TELEMETRY_CONNECTIONS_MAX = 4;
/** Time in which a connection to PostgreSQL must be made. */
export const TELEMETRY_CONNECT_MS = 10_000;
/** Objects written at once: what a disk gathers into few flushes, and a bucket answers side by side. */
export const OBJECT_WRITES_AT_ONCE = 16;
/** Largest object that is read from a bucket: eight of the largest bundles of entries. */
export const OBJECT_BYTES_MAX = 128 * 1024 * 1024;
/** Tries of one request to a bucket, with growing pauses: 200 ms to 0.8 s. */
export const OBJECT_ATTEMPTS = 4;
/** First pause between two of them. */
export const OBJECT_RETRY_MS = 200;
/** Time in which a bucket must have answered: an object of OBJECT_BYTES_MAX at 20 Mbit/s. */
export const OBJECT_TIMEOUT_MS = 60_000;
/** Tiles of which the inner hashes are kept while proofs are made, 25 KB each. */
export const TWINS_TILES_CACHED = 256;
/** Readings that wait to be added to a log before no more are taken: about 100 MB of ordinary ones. */
export const TWINS_PENDING_READINGS_MAX = 500_000;
/** Readings added to a log at once: 390 full bundles, under a second of work. */
export const TWINS_INTEGRATE_READINGS_MAX = 100_000;
/** Readings after which a batch is added to a log without waiting longer. */
export const TWINS_BATCH_READINGS = 4_096;
/** Time after which the readings of an incomplete batch are added. */
export const TWINS_BATCH_AGE_MICROS = 1_000_000;
/** Least time between two checkpoints on the ledger: 1,440 a day, whatever the number of readings. */
export const TWINS_ANCHOR_INTERVAL_MICROS = 60_000_000;
/** Tries of one checkpoint in a row before the log says that it cannot anchor; the next interval begins anew. */
export const TWINS_ANCHOR_ATTEMPTS = 5;
/** First pause between two of them; it doubles. */
export const TWINS_ANCHOR_PAUSE_MICROS = 1_000_000;
/** Hashes of one proof: a tree of 2^53 leaves is 53 high. */
export const TWINS_PROOF_HASHES_MAX = 64;
/** Largest proof bundle: a hundred headers of a hundred sealers with their signatures. */
export const TWINS_BUNDLE_BYTES_MAX = 8 * 1024 * 1024;
/** Headers in a bundle: the sealers of as many periods. */
export const TWINS_BUNDLE_HEADERS_MAX = 512;
/** Tokens, addresses or patterns of twins in one node's file: whoever has more sends through a gateway of its own. */
export const TELEMETRY_RULES_MAX = 256;
/** Batches that are taken in at the same time over HTTP; more are told to come back: 32 of the largest bodies are 128 MB. */
export const TELEMETRY_POSTS_MAX = 32;
/** Pages and proofs that are made at the same time; each reads tiles and bundles of entries. */
export const TELEMETRY_READS_MAX = 16;
/** When a client that found a node busy with readings should come back. */
export const TELEMETRY_RETRY_AFTER_MS = 1_000;
/** Bundles of entries that are looked through for a reading, the latest first: a million readings. Older ones are asked for by index. */
export const TELEMETRY_LOOK_BACK_BUNDLES = 4_096;
/** Tries of a proof while a checkpoint is on its way from the ledger to the log's folder. */
export const TELEMETRY_PROOF_ATTEMPTS = 5;
/** Pause between two of them: a block or two. */
export const TELEMETRY_PROOF_PAUSE_MICROS = 300_000;
/** How often readings that are too old are removed. */
export const TELEMETRY_EXPIRE_MICROS = 3_600_000_000;
/** Looks at a twin by an oracle node when its own ledger and the owner's checkpoint do not agree yet: one of them may be a block behind. */
export const TWIN_READ_ATTEMPTS = 4;
/** Pause between two of them. */
export const TWIN_READ_PAUSE_MICROS = 500_000;

// --- light ---------------------------------------------------------------------------------

/** Faults of full nodes that a light node remembers. */
export const LIGHT_FAULTS_KEPT_MAX = 64;

// --- data sets -----------------------------------------------------------------------------

/** Largest file of a data set, packed or unpacked: CIFAR-10 unpacks to 184 MB; a gzip bomb must not fill the memory. */
export const DATASET_FILE_BYTES_MAX = 512 * 1024 * 1024;
/** Files read of one archive: the largest known one holds 16. */
export const DATASET_ARCHIVE_ENTRIES_MAX = 1_000;
/** Rows of a text file: C-MAPSS FD004, the longest, has 61,249. */
export const DATASET_ROWS_MAX = 2_000_000;
/** Tries of one file, each from where the last one broke off; one without a byte of progress counts, others do not. */
export const DATASET_FETCH_ATTEMPTS = 4;
/** Pause after a try that failed; doubled after each further one. */
export const DATASET_FETCH_PAUSE_MS = 500;
/** Time in which a server must send something before the try counts as failed. */
export const DATASET_FETCH_SILENCE_MS = 30_000;

// --- learning engine -----------------------------------------------------------------------

/** Samples that are evaluated at once: enough to fill the lanes, and the arena of the largest network stays under 300 MB. */
export const EVALUATION_BATCH_SAMPLES = 50;

// --- models in files -----------------------------------------------------------------------

/** Largest model file that is read or written: the largest network of the catalogue takes 37 MB. */
export const ONNX_FILE_BYTES_MAX = 256 * 1024 * 1024;
/** Nodes of a graph: the deepest image networks in use have a few hundred. */
export const ONNX_NODES_MAX = 4_096;
/** Dimensions of a tensor. */
export const ONNX_RANK_MAX = 8;
/** Numbers that all layers together hold of one sample: 64 MB; the largest network of the catalogue holds a fiftieth of that. */
export const ONNX_SAMPLE_NUMBERS_MAX = 16 * 1024 * 1024;
/** Numbers that a model holds for good: as many as the largest file has. */
export const ONNX_CONSTANTS_MAX = 64 * 1024 * 1024;
/** Multiplications for one sample: about ten seconds of one core. A few bytes of a file can ask for any amount of work. */
export const ONNX_SAMPLE_PRODUCTS_MAX = 100_000_000_000;

// --- oracle --------------------------------------------------------------------------------

/** Requests in one round: what the contract takes in one answer. */
export const ORACLE_BATCH_MAX = 64;
/** What one node saw, and the largest result: what the contract keeps at most. */
export const ORACLE_SIGHT_BYTES_MAX = 8 * 1024;
/** Largest content of a source that is looked at: what a payload transaction carries, with room. */
export const ORACLE_CONTENT_BYTES_MAX = 4 * 1024 * 1024;
/** Pending requests that a node follows: the most that companies let be open, with room. */
export const ORACLE_PENDING_MAX = 20_000;
/** Terms whose groups are remembered: answers count for the present one and the one before. */
export const ORACLE_TERMS_KEPT = 4;
/** Time for one look at a source when the node's file names none. */
export const ORACLE_LOOK_MICROS = 5_000_000;
/** Time in which what was seen is not looked at again: a round with two passes sees the same. */
export const ORACLE_FRESH_MICROS = 2_000_000;
/** Looks under way: each may hold a connection and a body. */
export const ORACLE_LOOKS_MAX = 256;
/** Looks that read at once, the others wait: below OUTSIDE_READS_MAX, at which a read is refused. */
export const ORACLE_READS_MAX = 48;
/** Sights remembered: what a term of full rounds sees. */
export const ORACLE_SIGHTS_KEPT_MAX = 4_096;
/** Calls of one other node under way: a master has ORACLE_ROUNDS_MAX rounds with two calls each. */
export const ORACLE_CALLS_MAX = 16;
/** How far the clocks of a group may be apart: as far as the contract lets them. */
export const ORACLE_CLOCK_SKEW_SECONDS = 60;
/** Time for signatures beside that for looking: two ways over a slow line and the work between. */
export const ORACLE_SIGN_MICROS = 3_000_000;
/** How much longer sights are waited for once there are enough: whoever is a little later is heard as well. */
export const ORACLE_GRACE_MICROS = 100_000;
/** Proposals of one round, each with fewer requests than the one before. */
export const ORACLE_PASSES_MAX = 4;
/** Rounds that one node leads at a time. */
export const ORACLE_ROUNDS_MAX = 4;
/** Of these, rounds of jobs that take minutes, such as training: the others stay free for what is quick. */
export const ORACLE_SLOW_ROUNDS_MAX = 2;
/** Numbers of proposals reserved on disk at once: one flush for so many rounds. */
export const ORACLE_ATTEMPTS_RESERVED = 256;
/** Proposals of masters remembered, some 300 bytes each: those of the requests of two terms. */
export const ORACLE_PROPOSALS_KEPT_MAX = 4_096;
/** Rounds remembered for operators. */
export const ORACLE_ROUNDS_KEPT_MAX = 256;
/** Pause before a request is tried again after a round that brought nothing; it doubles. */
export const ORACLE_RETRY_MICROS_MIN = 1_000_000;
/** The longest such pause. */
export const ORACLE_RETRY_MICROS_MAX = 30_000_000;
/** The longest one when most of a request's time is over. */
export const ORACLE_LATE_RETRY_MICROS = 4_000_000;
/** How long a member waits for a block that whoever leads has already. */
export const ORACLE_LAG_MICROS = 2_000_000;
/** Blocks that a leader may be ahead of a member that waits for it. */
export const ORACLE_LAG_BLOCKS_MAX = 8;
/** How often a node with pending requests looks what there is to do, blocks or not. */
export const ORACLE_TICK_MICROS = 1_000_000;
/** Gas of an answer without its callbacks: a group of 127 and a proof, measured in docs/reference/gas.md with room. */
export const ORACLE_ANSWER_GAS = 2_000_000n;
/** Gas of one more request in an answer, without its callback and its result. */
export const ORACLE_ITEM_GAS = 250_000n;
/** Gas of one byte of a result: 32 of them fill a new slot, and they are in an event too. */
export const ORACLE_RESULT_BYTE_GAS = 1_000n;

// --- scenarios of the oracle ---------------------------------------------------------------

/** Accounts that ask in one scenario: each has a key and a balance. */
export const PEDAL_ACCOUNTS_MAX = 1_000;
/** Sources of one scenario: what each said is kept for the whole run. */
export const PEDAL_SOURCES_MAX = 64;
/** A transaction that no block has is handed in again, in case the node that took it crashed. */
export const PEDAL_RESEND_MICROS = 4_000_000;
/** Virtual time in which every oracle node must be registered and the first term drawn. */
export const PEDAL_START_MICROS = 600_000_000;
/** Findings that a report lists; all are counted. */
export const PEDAL_FINDINGS_MAX = 50;
/** How often a fault that waits for a round looks whether one is under way. */
export const PEDAL_FAULT_LOOK_MICROS = 20_000;

// --- federated learning --------------------------------------------------------------------

/** Clients of one training: names of five digits, and a plant has fewer machines. */
export const FEDERATED_CLIENTS_MAX = 100_000;
/** Rounds of one training: McMahan et al. needed up to 1,181 for their hardest case. */
export const FEDERATED_ROUNDS_MAX = 10_000;
/** Samples that one worker evaluates at a time: 10 ms of the MNIST network, so that two workers end together; sums are by block, whoever does them. */
export const EVALUATION_BLOCK_SAMPLES = 500;
/** Largest weights that are sent: the largest network of the catalogue has 37 MB. */
export const FEDERATED_WEIGHTS_BYTES_MAX = 256 * 1024 * 1024;
/** Weights travel in chunks of this size: under a frame, and a lost one costs a tenth of a second on 20 Mbit/s. */
export const FEDERATED_CHUNK_BYTES = 256 * 1024;
/** Time in which a chunk must come: half a minute allows for 70 kbit/s. */
export const FEDERATED_CHUNK_TIMEOUT_MICROS = 30_000_000;
/** Tries of a transfer without a new chunk. */
export const FEDERATED_FETCH_ATTEMPTS = 5;
/** Pause between them: a connection needs about a second to come back. */
export const FEDERATED_FETCH_PAUSE_MICROS = 2_000_000;
/** Names, seeds and reasons in messages and records. */
export const FEDERATED_TEXT_BYTES_MAX = 256;
/** Time in which a client must answer an invitation or an order, both of which cost it nothing. */
export const FEDERATED_ANSWER_MICROS = 5_000_000;
/** Steps of training after which a node turns to its other business: a tenth of a second of the MNIST network at most, seconds of the largest. */
export const FEDERATED_SLICE_STEPS = 10;
/** Tries to put a round on the ledger before the training stops there; it can be resumed. */
export const FEDERATED_ANCHOR_ATTEMPTS = 10;
/** Pause between them: a few blocks. */
export const FEDERATED_ANCHOR_PAUSE_MICROS = 3_000_000;
/** Clients of one training task: `TrainingTasks.CLIENTS_MAX`. */
export const TASK_CLIENTS_MAX = 64;
/** A bundle names each client once, with a digest, a signature or a reason. */
export const TASK_BUNDLE_BYTES_MAX = 64 * 1024;
/** A bundle is small; whoever does not have it says so at once. */
export const TASK_BUNDLE_TIMEOUT_MICROS = 5_000_000;
/** Rounds of tasks that a node has led or checked, kept for those who still ask: some attempts of each task that the oracle works on at once. */
export const TASK_BUNDLES_KEPT_MAX = 64;
/** Tasks that a node follows: those that may be open at once, `openTasks` of genesis. */
export const TRAINING_TASKS_FOLLOWED_MAX = 256;
/** Tasks whose data a node has in memory: more than the oracle's rounds of training that it works on at once. */
export const TRAINING_TASKS_PREPARED_MAX = 4;
/** A place that could not be had may be had when the node has money, or is registered. */
export const TRAINING_ENROL_PAUSE_MICROS = 30_000_000;
/** Blocks between the turns of two nodes that would send the same transaction about a task. */
export const TRAINING_TURN_BLOCKS = 2;
/** Part of the time for a round that clients get; the rest is for whoever checks. */
export const TASK_CLIENTS_PART = 0.5;
