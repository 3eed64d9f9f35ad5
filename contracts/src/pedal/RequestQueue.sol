// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILoProd, IPedal, Reason, Request, State} from "./IPedal.sol";

/// @title What is asked of the oracle, and the money for it
/// @notice A request ends exactly once: answered, failed for a reason that a quorum signed, or expired. It leaves the queue and
/// all its money is assigned before anybody else's code runs. Money is never sent along with something else: whoever is owed
/// some collects it.
abstract contract RequestQueue is IPedal {
    /// @notice A request that could expire before a round is done would only cost.
    uint256 public constant LIFE_SECONDS_MIN = 5;
    /// @notice A deposit is not locked for longer.
    uint256 public constant LIFE_SECONDS_MAX = 7 days;
    /// @notice More gas would let one callback crowd out a block.
    uint256 public constant CALLBACK_GAS_MAX = 2_500_000;
    /// @notice Gas that has to be left for the rest of a transaction after a callback.
    uint256 public constant CALLBACK_RESERVE = 100_000;
    /// @notice Three may fail one of which is the master: below four nodes a group tolerates none.
    uint256 public constant GROUP_MIN = 4;
    /// @notice The set has at most 128 nodes, one of them leads.
    uint256 public constant GROUP_MAX = 127;
    /// @notice Specifications travel in an event, results lie in the storage.
    uint256 public constant SPEC_BYTES_MAX = 16_384;
    uint256 public constant RESULT_BYTES_MAX = 8_192;
    /// @notice At most a fifth of a deposit is kept of a request that got no result.
    uint256 public constant FORFEIT_MAX = 2_000;
    uint256 public constant PAGE_MAX = 500;

    struct Job {
        /// @dev The least deposit.
        uint96 feeWei;
        uint8 groupSize;
        /// @dev Whether the whole group has to sign, and not floor(2s/3) + 1 of it.
        bool unanimous;
        bool enabled;
        uint32 maxSpecBytes;
        uint32 maxResultBytes;
        /// @dev What the fund keeps of a deposit that expires, and the group of one that fails, in parts of ten thousand.
        uint16 forfeit;
    }

    /// @notice A job that is there from the beginning, without a vote.
    struct FirstJob {
        bytes32 name;
        Job config;
    }

    struct Limits {
        uint32 openRequests;
        uint32 openPerRequester;
    }

    event Requested(
        uint256 indexed id, address indexed requester, bytes32 indexed job, bytes spec, uint64 expiresAt, uint256 depositWei
    );
    event Answered(uint256 indexed id, address indexed requester, uint64 indexed term, bytes result, uint64 observedAt);
    event RequestFailed(uint256 indexed id, address indexed requester, Reason reason);
    /// @notice What the requester's contract did with it.
    event Delivered(uint256 indexed id, address indexed requester, bool worked);
    event JobSet(bytes32 indexed job, Job config);
    event LimitsSet(Limits limits);
    event Paused(bool paused);
    event Collected(address indexed account, uint256 wei_);
    event FundPaid(address indexed to, uint256 wei_);

    error OnlyByVote();
    error OraclePaused();
    error UnknownJob(bytes32 job);
    error InvalidJob();
    error InvalidLimits();
    error SpecTooLong(uint256 bytesLength, uint256 atMost);
    error ResultTooLong(uint256 bytesLength, uint256 atMost);
    error ExpiryOutOfBounds(uint64 expiresAt, uint256 atLeast, uint256 atMost);
    error CallbackGasTooHigh(uint256 gas_, uint256 atMost);
    error DepositTooSmall(uint256 wei_, uint256 feeWei);
    error DepositTooLarge(uint256 wei_);
    error TooManyOpen(uint256 atMost);
    error TooManyOpenOf(address requester, uint256 atMost);
    error UnknownRequest(uint256 id);
    error NotPending(uint256 id, State state);
    error NotExpired(uint256 id, uint64 expiresAt);
    error IsExpired(uint256 id, uint64 expiresAt);
    error GasTooLow(uint256 needed);
    error NothingOwed(address account);
    error FundTooSmall(uint256 fundWei);
    error TransferFailed(address to, uint256 wei_);

    bool public paused;
    uint64 internal _resumedIn;
    Limits public limits;
    /// @notice What was kept of deposits; the companies decide about it.
    uint256 public fundWei;
    /// @notice Numbers count from 1.
    uint256 public requestCount;
    mapping(address account => uint256 wei_) public override owedTo;
    mapping(address requester => uint256) public openOf;
    mapping(bytes32 job => Job) internal _jobs;
    mapping(uint256 id => Request) internal _requests;
    mapping(uint256 id => bytes) private _results;
    uint256[] private _queue;

    modifier whenRunning() {
        if (paused) revert OraclePaused();
        _;
    }

    modifier byVote() {
        if (msg.sender != _governor()) revert OnlyByVote();
        _;
    }

    constructor(Limits memory limits_, FirstJob[] memory jobs) {
        _setLimits(limits_);
        for (uint256 index = 0; index < jobs.length; index++) _setJob(jobs[index].name, jobs[index].config);
    }

    // --- asking --------------------------------------------------------------------------------

    /// @inheritdoc IPedal
    function request(bytes32 job, bytes calldata spec, uint64 expiresAt, uint32 callbackGas)
        external
        payable
        whenRunning
        returns (uint256 id)
    {
        Job memory config = _jobs[job];
        if (!config.enabled) revert UnknownJob(job);
        if (spec.length > config.maxSpecBytes) revert SpecTooLong(spec.length, config.maxSpecBytes);
        (uint256 earliest, uint256 latest) = (block.timestamp + LIFE_SECONDS_MIN, block.timestamp + LIFE_SECONDS_MAX);
        if (expiresAt < earliest || expiresAt > latest) revert ExpiryOutOfBounds(expiresAt, earliest, latest);
        if (callbackGas > CALLBACK_GAS_MAX) revert CallbackGasTooHigh(callbackGas, CALLBACK_GAS_MAX);
        if (msg.value < config.feeWei) revert DepositTooSmall(msg.value, config.feeWei);
        if (msg.value > type(uint96).max) revert DepositTooLarge(msg.value);
        if (_queue.length >= limits.openRequests) revert TooManyOpen(limits.openRequests);
        if (openOf[msg.sender] >= limits.openPerRequester) revert TooManyOpenOf(msg.sender, limits.openPerRequester);
        _requireNodes(config.groupSize);

        id = ++requestCount;
        Request storage its = _requests[id];
        (its.requester, its.requestedAt, its.callbackGas) = (msg.sender, uint64(block.timestamp), callbackGas);
        (its.job, its.specHash) = (job, keccak256(spec));
        (its.depositWei, its.expiresAt, its.requestedIn) = (uint96(msg.value), expiresAt, uint64(block.number));
        (its.state, its.groupSize, its.unanimous) = (State.Pending, config.groupSize, config.unanimous);
        its.queueIndex = uint32(_queue.length);
        _queue.push(id);
        openOf[msg.sender]++;
        emit Requested(id, msg.sender, job, spec, expiresAt, msg.value);
    }

    /// @inheritdoc IPedal
    function expire(uint256 id) external {
        Request storage its = _pending(id);
        if (block.timestamp < its.expiresAt) revert NotExpired(id, its.expiresAt);
        uint256 keptWei = (uint256(its.depositWei) * _jobs[its.job].forfeit) / 10_000;
        fundWei += keptWei;
        owedTo[its.requester] += its.depositWei - keptWei;
        _end(its, State.Expired, Reason.Expired);
        emit RequestFailed(id, its.requester, Reason.Expired);
        _deliver(id, its, abi.encodeCall(ILoProd.onFailure, (id, Reason.Expired)));
    }

    /// @inheritdoc IPedal
    function collect() external returns (uint256 paidWei) {
        paidWei = owedTo[msg.sender];
        if (paidWei == 0) revert NothingOwed(msg.sender);
        owedTo[msg.sender] = 0;
        emit Collected(msg.sender, paidWei);
        (bool paid,) = msg.sender.call{value: paidWei}("");
        if (!paid) revert TransferFailed(msg.sender, paidWei);
    }

    // --- what the companies decide -------------------------------------------------------------

    /// @notice Sets up a job, or changes it for requests to come; with `enabled` false it takes none.
    function setJob(bytes32 job, Job calldata config) external byVote {
        _setJob(job, config);
    }

    function setLimits(Limits calldata limits_) external byVote {
        _setLimits(limits_);
    }

    /// @notice While the oracle is paused nothing is asked, answered or held against a master; what is open may expire, and
    /// money can be collected.
    function setPaused(bool paused_) external byVote {
        paused = paused_;
        if (!paused_) _resumedIn = uint64(block.number);
        emit Paused(paused_);
    }

    function payFund(address to, uint256 amountWei) external byVote {
        if (amountWei > fundWei) revert FundTooSmall(fundWei);
        fundWei -= amountWei;
        owedTo[to] += amountWei;
        emit FundPaid(to, amountWei);
    }

    // --- reads ---------------------------------------------------------------------------------

    /// @inheritdoc IPedal
    function requestOf(uint256 id) public view returns (Request memory) {
        if (id == 0 || id > requestCount) revert UnknownRequest(id);
        return _requests[id];
    }

    /// @inheritdoc IPedal
    function resultOf(uint256 id) external view returns (bytes memory) {
        if (requestOf(id).state != State.Answered) revert UnknownRequest(id);
        return _results[id];
    }

    /// @inheritdoc IPedal
    function feeOf(bytes32 job) external view returns (uint256) {
        return _jobs[job].feeWei;
    }

    function jobOf(bytes32 job) external view returns (Job memory) {
        return _jobs[job];
    }

    function pendingCount() external view returns (uint256) {
        return _queue.length;
    }

    /// @notice A page of the pending requests, in no order.
    function pending(uint256 offset, uint256 limit) external view returns (uint256[] memory page) {
        uint256 left = offset >= _queue.length ? 0 : _queue.length - offset;
        if (limit > PAGE_MAX) limit = PAGE_MAX;
        page = new uint256[](left < limit ? left : limit);
        for (uint256 index = 0; index < page.length; index++) page[index] = _queue[offset + index];
    }

    // --- inside --------------------------------------------------------------------------------

    /// @dev Where the companies vote.
    function _governor() internal view virtual returns (address);

    /// @dev Refuses a request whose group there are not enough nodes for.
    function _requireNodes(uint256 groupSize) internal view virtual;

    function _pending(uint256 id) internal view returns (Request storage its) {
        if (id == 0 || id > requestCount) revert UnknownRequest(id);
        its = _requests[id];
        if (its.state != State.Pending) revert NotPending(id, its.state);
    }

    /// @dev A pending request ends: out of the queue, for good.
    function _end(Request storage its, State state, Reason reason) internal {
        (its.state, its.reason) = (state, reason);
        uint256 last = _queue[_queue.length - 1];
        _queue[its.queueIndex] = last;
        _requests[last].queueIndex = its.queueIndex;
        _queue.pop();
        openOf[its.requester]--;
    }

    function _keepResult(uint256 id, bytes calldata result) internal {
        _results[id] = result;
    }

    /// @dev Calls back a requesting contract with exactly the gas that it asked for. What it answers is not copied.
    function _deliver(uint256 id, Request storage its, bytes memory data) internal {
        (address to, uint256 gas_) = (its.requester, its.callbackGas);
        if (gas_ == 0 || to.code.length == 0) return;
        // A call gets 63 of 64 parts at most: with less left, whoever sends the transaction could starve the callback.
        uint256 needed = (gas_ * 64) / 63 + CALLBACK_RESERVE;
        if (gasleft() < needed) revert GasTooLow(needed);
        bool worked;
        assembly ("memory-safe") {
            worked := call(gas_, to, 0, add(data, 0x20), mload(data), 0, 0)
        }
        its.delivered = worked;
        emit Delivered(id, to, worked);
    }

    function _setJob(bytes32 job, Job memory config) private {
        if (config.groupSize < GROUP_MIN || config.groupSize > GROUP_MAX || config.forfeit > FORFEIT_MAX) revert InvalidJob();
        if (config.maxSpecBytes > SPEC_BYTES_MAX || config.maxResultBytes > RESULT_BYTES_MAX) revert InvalidJob();
        _jobs[job] = config;
        emit JobSet(job, config);
    }

    function _setLimits(Limits memory limits_) private {
        if (limits_.openRequests == 0 || limits_.openPerRequester == 0) revert InvalidLimits();
        limits = limits_;
        emit LimitsSet(limits_);
    }
}
