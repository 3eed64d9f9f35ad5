// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPedal, Reason, State} from "../pedal/IPedal.sol";
import {LoProd} from "../pedal/LoProd.sol";
import {OracleRegistry} from "../pedal/OracleRegistry.sol";
import {RoundAnswer} from "./RoundAnswer.sol";

/// @title Tasks of learning together, carried out by the computing oracle
/// @notice Whoever releases a task puts down what the clients earn, what the oracle asks, and a stake. Every round is one request to
/// the oracle; its answer, under the group's signature, is the digest of the global model with who is in it and who is not. Clients
/// are paid by the samples that they brought into the rounds. All money is assigned at once and collected by whom it belongs to.
contract TrainingTasks is LoProd {
    bytes32 public constant JOB = "compute";
    bytes32 public constant ORDER_TAG = keccak256("treadle.learning.order.v1");
    /// @notice Each of them may cost a callback two storage words.
    uint256 public constant CLIENTS_MAX = 64;
    uint256 public constant ROUNDS_MAX = 1_000;
    uint256 public constant TEXT_BYTES_MAX = 128;
    /// @notice Attempts that fail, over all rounds of a task, before it is given up.
    uint256 public constant RETRIES_MAX = 5;
    uint256 public constant ROUND_SECONDS_MIN = 10;
    uint256 public constant ROUND_SECONDS_MAX = 1 days;
    uint256 public constant LIFE_SECONDS_MAX = 60 days;
    /// @notice Of the stake of a task without a single round, in parts of ten thousand.
    uint256 public constant FORFEIT = 5_000;
    /// @dev A client that gave nothing in a round.
    uint256 private constant ABSENT = 3;
    uint256 private constant GAS_BASE = 400_000;
    uint256 private constant GAS_PER_CLIENT = 32_000;

    enum TaskState {
        None,
        Open,
        Running,
        Finished,
        Failed,
        Expired,
        Cancelled
    }

    struct Config {
        uint96 minStakeWei;
        uint32 openTasks;
        uint32 openPerOwner;
    }

    /// @notice What is to be learnt, and how.
    struct Spec {
        string dataset;
        /// @dev Where the files of the data set are; empty when everybody has them or makes them.
        string url;
        string network;
        /// @dev Strategy with its settings, and what goes in front of it, as `name:setting=value` separated by blanks.
        string strategy;
        /// @dev Digest of the model that the first round begins with; it follows from network and seed.
        bytes32 first;
        uint64 seed;
        uint32 rounds;
        uint32 epochs;
        uint32 batchSize;
        /// @dev In parts of a million.
        uint32 learningRate;
        /// @dev Places for clients, and updates without which a round does not count.
        uint16 clients;
        uint16 quorum;
        uint32 roundSeconds;
        /// @dev Seconds since the epoch; whatever is not done by then is not done.
        uint64 expiresAt;
        uint96 clientStakeWei;
    }

    struct Task {
        address owner;
        TaskState state;
        uint32 roundsDone;
        uint32 failures;
        /// @dev The request under way; 0 = none.
        uint64 request;
        uint96 rewardWei;
        uint96 stakeWei;
        /// @dev What is left for the oracle's fees.
        uint96 budgetWei;
        /// @dev What is left of the reward.
        uint96 leftWei;
        uint64 endedAt;
    }

    struct Client {
        address account;
        uint32 samples;
        /// @dev Rounds with its update in the model, and left out; those to which it gave nothing count in neither.
        uint32 accepted;
        uint32 rejected;
        bool settled;
        uint96 earnedWei;
    }

    /// @notice What the ledger keeps of a round.
    struct Round {
        bytes32 digest;
        /// @dev Of the record with all that is said of the round off the ledger.
        bytes32 record;
        uint32 sizeBytes;
        uint32 accuracy;
        uint64 loss;
        uint64 request;
    }

    event Released(uint256 indexed task, address indexed owner, string dataset, uint32 rounds, uint256 rewardWei, uint256 stakeWei);
    event Enrolled(uint256 indexed task, address indexed client, uint32 samples);
    event Started(uint256 indexed task, uint256 clients);
    event RoundAsked(uint256 indexed task, uint32 indexed round, uint256 indexed request, bytes32 previous);
    event RoundDone(
        uint256 indexed task, uint32 indexed round, bytes32 digest, bytes32 record, uint32 accuracy, uint64 loss, bytes result
    );
    event RoundFailed(uint256 indexed task, uint32 indexed round, uint256 indexed request, Reason reason);
    event Ended(uint256 indexed task, TaskState state, uint32 roundsDone);
    /// @notice A node ordered clients to train another model than the ledger's.
    event LeaderLied(uint256 indexed task, uint32 indexed round, address indexed leader, bytes32 given, bytes32 anchored);
    event Withdrawn(address indexed account, uint256 wei_);

    error NotAMember(address account);
    error InvalidTask(string what);
    error StakeTooSmall(uint256 wei_, uint256 atLeast);
    error WrongMoney(uint256 wei_, uint256 expected);
    error TooManyOpen(uint256 atMost);
    error TooManyOpenOf(address owner, uint256 atMost);
    error UnknownTask(uint256 task);
    error WrongState(uint256 task, TaskState state);
    error TaskFull(uint256 task);
    error AlreadyEnrolled(uint256 task, address client);
    error NotEnrolled(uint256 task, address client);
    error OnlyOwner(address owner);
    error TooFewClients(uint256 clients, uint256 atLeast);
    error RoundOpen(uint256 request);
    error NothingToSync(uint256 task);
    error BudgetTooSmall(uint256 wei_, uint256 feeWei);
    error NoTimeLeft(uint256 task);
    error NotExpired(uint256 task, uint64 expiresAt);
    error NotTheRound(uint32 round, uint32 expected);
    error UnknownRound(uint256 task, uint32 round);
    error NoLie();
    error NothingOwed(address account);
    error AlreadySettled(uint256 task, address client);
    error TransferFailed(address to, uint256 wei_);

    OracleRegistry public immutable registry;
    uint256 public immutable minStakeWei;
    uint256 public immutable openTasks;
    uint256 public immutable openPerOwner;
    uint256 public taskCount;
    uint256 public openCount;
    mapping(address owner => uint256) public openOf;
    mapping(address account => uint256 wei_) public owed;
    /// @notice Leaders that were proven to hand out another model: clients take no orders of them.
    mapping(address leader => bool) public lied;
    mapping(uint256 task => Task) private _tasks;
    mapping(uint256 task => Spec) private _specs;
    mapping(uint256 task => Client[]) private _clients;
    mapping(uint256 task => mapping(address account => uint256)) private _placeOf;
    mapping(uint256 task => Round[]) private _rounds;
    mapping(uint256 request => uint256 task) public taskOfRequest;
    /// @dev Refunds of the oracle that no task has been given yet.
    uint256 private _refundsWei;

    modifier onlyMembers() {
        if (registry.memberOf(msg.sender) == address(0)) revert NotAMember(msg.sender);
        _;
    }

    constructor(OracleRegistry registry_, IPedal pedal_, Config memory config) LoProd(pedal_) {
        registry = registry_;
        (minStakeWei, openTasks, openPerOwner) = (config.minStakeWei, config.openTasks, config.openPerOwner);
    }

    // --- whoever wants something learnt --------------------------------------------------------

    /// @notice Releases a task. What is sent along is the reward, the stake, and a budget for the oracle's fees: at least one for each
    /// round; what is left of it comes back.
    function release(Spec calldata spec, uint96 rewardWei, uint96 stakeWei) external payable onlyMembers returns (uint256 id) {
        _check(spec);
        if (stakeWei < minStakeWei) revert StakeTooSmall(stakeWei, minStakeWei);
        if (openCount >= openTasks) revert TooManyOpen(openTasks);
        if (openOf[msg.sender] >= openPerOwner) revert TooManyOpenOf(msg.sender, openPerOwner);
        uint256 fixedWei = uint256(rewardWei) + stakeWei;
        uint256 leastWei = fixedWei + pedal.feeOf(JOB) * spec.rounds;
        if (msg.value < leastWei) revert WrongMoney(msg.value, leastWei);
        if (msg.value > type(uint96).max) revert WrongMoney(msg.value, leastWei);
        id = ++taskCount;
        Task storage its = _tasks[id];
        (its.owner, its.state) = (msg.sender, TaskState.Open);
        (its.rewardWei, its.leftWei, its.stakeWei) = (rewardWei, rewardWei, stakeWei);
        its.budgetWei = uint96(msg.value - fixedWei);
        _specs[id] = spec;
        openCount++;
        openOf[msg.sender]++;
        emit Released(id, msg.sender, spec.dataset, spec.rounds, rewardWei, stakeWei);
    }

    /// @notice Ends the enrolment. The owner may from the quorum on, everybody when all places are taken.
    function start(uint256 id) external {
        Task storage its = _in(id, TaskState.Open);
        Spec storage spec = _specs[id];
        uint256 count = _clients[id].length;
        if (count < spec.quorum) revert TooFewClients(count, spec.quorum);
        if (count < spec.clients && msg.sender != its.owner) revert OnlyOwner(its.owner);
        its.state = TaskState.Running;
        emit Started(id, count);
    }

    /// @notice The owner gives up; a round under way has to end first.
    function cancel(uint256 id) external {
        Task storage its = _open(id);
        if (msg.sender != its.owner) revert OnlyOwner(its.owner);
        if (its.request != 0) revert RoundOpen(its.request);
        _end(id, its, TaskState.Cancelled);
    }

    // --- clients -------------------------------------------------------------------------------

    /// @notice Takes one of the places, with the stake that the task asks for. It comes back at the end, unless the client never gave
    /// anything in a task that had rounds.
    /// @param samples how many it trains on; it may not claim more
    function enrol(uint256 id, uint32 samples) external payable onlyMembers {
        _in(id, TaskState.Open);
        Spec storage spec = _specs[id];
        if (block.timestamp >= spec.expiresAt) revert NoTimeLeft(id);
        if (samples == 0) revert InvalidTask("samples");
        if (msg.value != spec.clientStakeWei) revert WrongMoney(msg.value, spec.clientStakeWei);
        if (_clients[id].length >= spec.clients) revert TaskFull(id);
        if (_placeOf[id][msg.sender] != 0) revert AlreadyEnrolled(id, msg.sender);
        _clients[id].push(Client(msg.sender, samples, 0, 0, false, 0));
        _placeOf[id][msg.sender] = _clients[id].length;
        emit Enrolled(id, msg.sender, samples);
    }

    /// @notice After the end: assigns a client's stake, once.
    function settleStake(uint256 id, address account) external {
        Task storage its = _task(id);
        if (its.endedAt == 0) revert WrongState(id, its.state);
        uint256 place = _placeOf[id][account];
        if (place == 0) revert NotEnrolled(id, account);
        Client storage client = _clients[id][place - 1];
        if (client.settled) revert AlreadySettled(id, account);
        client.settled = true;
        bool idle = its.roundsDone > 0 && client.accepted + client.rejected == 0;
        owed[idle ? its.owner : account] += _specs[id].clientStakeWei;
    }

    /// @notice Proves that a node which works for the oracle ordered a client to train another model than the ledger's.
    /// @param round the round that was ordered
    /// @param given digest of the model that was handed out
    /// @param signature of the leader's account over `orderDigest`, 65 bytes
    function reportModel(uint256 id, uint32 round, bytes32 given, bytes calldata signature) external {
        if (round == 0) revert UnknownRound(id, round);
        bytes32 anchored = digestOf(id, round - 1);
        if (given == anchored || signature.length != 65) revert NoLie();
        bytes32 digest = orderDigest(id, round, given);
        uint8 v = uint8(signature[64]);
        address leader = ecrecover(digest, v < 27 ? v + 27 : v, bytes32(signature[0:32]), bytes32(signature[32:64]));
        if (leader == address(0) || lied[leader] || registry.idOf(leader) == 0) revert NoLie();
        lied[leader] = true;
        emit LeaderLied(id, round, leader, given, anchored);
    }

    /// @notice Pays the caller what it is owed.
    function withdraw() external {
        uint256 amountWei = owed[msg.sender];
        if (amountWei == 0) revert NothingOwed(msg.sender);
        owed[msg.sender] = 0;
        emit Withdrawn(msg.sender, amountWei);
        (bool paid,) = msg.sender.call{value: amountWei}("");
        if (!paid) revert TransferFailed(msg.sender, amountWei);
    }

    // --- rounds --------------------------------------------------------------------------------

    /// @notice Asks the oracle for the next round; anyone may.
    function advance(uint256 id) external returns (uint256 request) {
        Task storage its = _in(id, TaskState.Running);
        Spec storage spec = _specs[id];
        if (its.request != 0) revert RoundOpen(its.request);
        uint256 expiresAt = block.timestamp + spec.roundSeconds;
        if (expiresAt > spec.expiresAt) revert NoTimeLeft(id);
        uint256 feeWei = pedal.feeOf(JOB);
        if (its.budgetWei < feeWei) revert BudgetTooSmall(its.budgetWei, feeWei);
        its.budgetWei -= uint96(feeWei);
        uint32 round = its.roundsDone + 1;
        bytes32 previous = digestOf(id, round - 1);
        uint32 gas_ = uint32(GAS_BASE + GAS_PER_CLIENT * _clients[id].length);
        request = _request(JOB, abi.encode(id, round, previous, spec.roundSeconds), uint64(expiresAt), gas_, feeWei);
        its.request = uint64(request);
        taskOfRequest[request] = id;
        emit RoundAsked(id, round, request, previous);
    }

    /// @notice Takes in what became of a request whose callback did not work.
    function sync(uint256 id) external {
        Task storage its = _task(id);
        uint256 request = its.request;
        if (request == 0) revert NothingToSync(id);
        State state = pedal.requestOf(request).state;
        if (state == State.Pending) revert NothingToSync(id);
        _forget(request);
        if (state == State.Answered) this.takeIn(request, pedal.resultOf(request));
        else _missed(request, pedal.requestOf(request).reason);
    }

    /// @dev For `sync` alone: the result has to be calldata.
    function takeIn(uint256 request, bytes calldata result) external {
        if (msg.sender != address(this)) revert OnlyPedal(msg.sender);
        _answered(request, result);
    }

    /// @notice Ends a task whose time is over; anyone may. A round under way ends with it.
    function expire(uint256 id) external {
        Task storage its = _open(id);
        uint64 expiresAt = _specs[id].expiresAt;
        if (block.timestamp < expiresAt) revert NotExpired(id, expiresAt);
        uint256 request = its.request;
        if (request != 0) {
            if (pedal.requestOf(request).state == State.Pending) pedal.expire(request);
            // The callback may have ended the task by itself, or may not have worked.
            if (its.request != 0) this.sync(id);
        }
        if (its.endedAt == 0) _end(id, its, TaskState.Expired);
    }

    // --- reads ---------------------------------------------------------------------------------

    function taskOf(uint256 id) external view returns (Task memory, Spec memory) {
        return (_task(id), _specs[id]);
    }

    function clientsOf(uint256 id) external view returns (Client[] memory) {
        _task(id);
        return _clients[id];
    }

    function roundOf(uint256 id, uint32 round) external view returns (Round memory) {
        _task(id);
        if (round == 0 || round > _rounds[id].length) revert UnknownRound(id, round);
        return _rounds[id][round - 1];
    }

    /// @notice The digest of the global model after a round; after round 0, of the model that the task begins with.
    function digestOf(uint256 id, uint32 round) public view returns (bytes32) {
        _task(id);
        if (round == 0) return _specs[id].first;
        if (round > _rounds[id].length) revert UnknownRound(id, round);
        return _rounds[id][round - 1].digest;
    }

    /// @notice What a leader signs when it orders a client to train a model in a round.
    function orderDigest(uint256 id, uint32 round, bytes32 model) public view returns (bytes32) {
        return keccak256(abi.encode(ORDER_TAG, block.chainid, address(this), id, round, model));
    }

    // --- inside --------------------------------------------------------------------------------

    function _check(Spec calldata spec) private view {
        if (bytes(spec.dataset).length == 0 || bytes(spec.dataset).length > TEXT_BYTES_MAX) revert InvalidTask("dataset");
        if (bytes(spec.url).length > TEXT_BYTES_MAX) revert InvalidTask("url");
        if (bytes(spec.network).length == 0 || bytes(spec.network).length > TEXT_BYTES_MAX) revert InvalidTask("network");
        if (bytes(spec.strategy).length == 0 || bytes(spec.strategy).length > TEXT_BYTES_MAX) revert InvalidTask("strategy");
        if (spec.first == 0) revert InvalidTask("first");
        if (spec.rounds == 0 || spec.rounds > ROUNDS_MAX) revert InvalidTask("rounds");
        if (spec.epochs == 0 || spec.batchSize == 0 || spec.learningRate == 0) revert InvalidTask("training");
        if (spec.clients == 0 || spec.clients > CLIENTS_MAX) revert InvalidTask("clients");
        if (spec.quorum == 0 || spec.quorum > spec.clients) revert InvalidTask("quorum");
        if (spec.roundSeconds < ROUND_SECONDS_MIN || spec.roundSeconds > ROUND_SECONDS_MAX) revert InvalidTask("roundSeconds");
        uint256 least = block.timestamp + uint256(spec.roundSeconds);
        if (spec.expiresAt < least || spec.expiresAt > block.timestamp + LIFE_SECONDS_MAX) revert InvalidTask("expiresAt");
    }

    function _task(uint256 id) private view returns (Task storage its) {
        if (id == 0 || id > taskCount) revert UnknownTask(id);
        its = _tasks[id];
    }

    function _in(uint256 id, TaskState state) private view returns (Task storage its) {
        its = _task(id);
        if (its.state != state) revert WrongState(id, its.state);
    }

    function _open(uint256 id) private view returns (Task storage its) {
        its = _task(id);
        if (its.endedAt != 0) revert WrongState(id, its.state);
    }

    function _answered(uint256 request, bytes calldata result) internal override {
        uint256 id = taskOfRequest[request];
        Task storage its = _tasks[id];
        if (its.request != request) revert NothingToSync(id);
        uint32 round = its.roundsDone + 1;
        if (!RoundAnswer.isWhole(result)) return _missed(request, Reason.InvalidData);
        if (RoundAnswer.round(result) != round) return _missed(request, Reason.InvalidData);
        if (!_reward(id, its, result)) return _missed(request, Reason.InvalidData);
        its.request = 0;
        its.roundsDone = round;
        Round memory done = Round({
            digest: RoundAnswer.digest(result),
            record: RoundAnswer.record(result),
            sizeBytes: RoundAnswer.sizeBytes(result),
            accuracy: RoundAnswer.accuracy(result),
            loss: RoundAnswer.loss(result),
            request: uint64(request)
        });
        _rounds[id].push(done);
        emit RoundDone(id, round, done.digest, done.record, done.accuracy, done.loss, result);
        if (round == _specs[id].rounds) _end(id, its, TaskState.Finished);
    }

    function _failed(uint256 request, Reason reason) internal override {
        _missed(request, reason);
    }

    /// @dev One round's part of the reward, by samples. False when the lists name somebody twice or nobody's place.
    function _reward(uint256 id, Task storage its, bytes calldata result) private returns (bool) {
        Client[] storage clients = _clients[id];
        uint256 accepted = RoundAnswer.acceptedCount(result);
        uint256 rejected = RoundAnswer.rejectedCount(result);
        uint256 seen = 0;
        uint256 samples = 0;
        for (uint256 index = 0; index < accepted + rejected; index++) {
            uint256 place = index < accepted
                ? RoundAnswer.acceptedPlace(result, index)
                : RoundAnswer.rejectedPlace(result, accepted, index - accepted);
            if (place >= clients.length || (seen >> place) & 1 == 1) return false;
            seen |= 1 << place;
            if (index < accepted) samples += RoundAnswer.acceptedSamples(result, index);
        }
        uint256 partWei = its.rewardWei / _specs[id].rounds;
        for (uint256 index = 0; index < accepted; index++) {
            Client storage client = clients[RoundAnswer.acceptedPlace(result, index)];
            client.accepted++;
            if (samples == 0) continue;
            uint96 earnedWei = uint96((partWei * RoundAnswer.acceptedSamples(result, index)) / samples);
            client.earnedWei += earnedWei;
            its.leftWei -= earnedWei;
            owed[client.account] += earnedWei;
        }
        for (uint256 index = 0; index < rejected; index++) {
            if (RoundAnswer.rejectedWhy(result, accepted, index) == ABSENT) continue;
            clients[RoundAnswer.rejectedPlace(result, accepted, index)].rejected++;
        }
        return true;
    }

    function _missed(uint256 request, Reason reason) private {
        uint256 id = taskOfRequest[request];
        Task storage its = _tasks[id];
        if (its.request != request) revert NothingToSync(id);
        its.request = 0;
        its.failures++;
        // What the oracle gives back goes to the task that put it down, as far as it has come.
        _refundsWei += _collect();
        uint256 depositWei = pedal.requestOf(request).depositWei;
        uint256 backWei = pedal.requestOf(request).state == State.Answered ? 0 : depositWei;
        if (backWei > _refundsWei) backWei = _refundsWei;
        _refundsWei -= backWei;
        its.budgetWei += uint96(backWei);
        emit RoundFailed(id, its.roundsDone + 1, request, reason);
        // A specification that nobody can work on does not become better.
        bool hopeless = reason == Reason.InvalidSpec || reason == Reason.NotAllowed || its.failures > RETRIES_MAX;
        if (hopeless) _end(id, its, TaskState.Failed);
    }

    function _end(uint256 id, Task storage its, TaskState state) private {
        (its.state, its.endedAt) = (state, uint64(block.timestamp));
        openCount--;
        openOf[its.owner]--;
        uint256 keptWei = its.roundsDone == 0 ? (uint256(its.stakeWei) * FORFEIT) / 10_000 : 0;
        if (keptWei > 0) owed[registry.consortium().proxy()] += keptWei;
        owed[its.owner] += uint256(its.leftWei) + its.budgetWei + its.stakeWei - keptWei;
        (its.leftWei, its.budgetWei) = (0, 0);
        emit Ended(id, state, its.roundsDone);
    }
}
