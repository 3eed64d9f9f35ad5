// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {IPedal, Reason, Request, State} from "../pedal/IPedal.sol";
import {LoProd} from "../pedal/LoProd.sol";
import {CrossLedger, Envelope, ICrossLedgerApp, IInbox, Outcome, Place, Receipt} from "./CrossLedger.sol";
import {LaneControl} from "./LaneControl.sol";
import {LaneTree} from "./LaneTree.sol";
import {Outbox} from "./Outbox.sol";
import {SourceHeaders} from "./SourceHeaders.sol";

/// @title What a ledger believes of others, and does at their request
/// @notice Roots of other ledgers' lanes come signed by the group of this ledger's oracle, or with a header that the other ledger's
/// sealers signed, as the lane demands. Under a root anyone executes a message, once and before it expires, or states that
/// it has expired; either way the receipt goes into the lane back. Source: paper IV-B (the oracle's group verifies and carries
/// the request to the destination); certificates, bitmap, limits, expiry: ours.
contract Inbox is IInbox, LoProd, ReentrancyGuard {
    /// @notice Job of the oracle: what is the root of a lane?
    bytes32 public constant JOB = "message";
    /// @notice Gas of the oracle's answer to this contract.
    uint32 public constant ANSWER_GAS = 250_000;
    uint256 public constant ASK_SECONDS_MIN = 10;
    uint256 public constant ASK_SECONDS_MAX = 1 hours;
    /// @notice Messages in one `executeMany`.
    uint256 public constant BATCH_MAX = 64;
    /// @notice Buckets are kept in parts of a message or byte, so that small refills are not lost.
    uint256 private constant PARTS = 1e9;

    struct Delivery {
        Envelope envelope;
        bytes data;
        Place place;
    }

    struct Roots {
        bytes32 byGroup;
        bytes32 byCertificate;
    }

    struct Incoming {
        /// @dev Roots of earlier epochs do not count.
        uint64 epoch;
        /// @dev The largest tree of which both ways, as far as the lane wants them, said the same; and where it was seen.
        uint64 size;
        uint64 height;
        /// @dev Two roots for one size were shown.
        bool halted;
        /// @dev The open request to the oracle, and the size that it asks for; 0 = the newest.
        uint256 request;
        uint64 requestedSize;
        mapping(uint64 epoch => mapping(uint64 size => Roots)) roots;
        mapping(uint256 word => uint256) done;
    }

    struct Bucket {
        uint64 since;
        /// @dev What was used and has not come back yet, in parts.
        uint96 messages;
        uint96 bytes_;
    }

    struct IncomingView {
        uint64 epoch;
        uint64 size;
        uint64 height;
        bool halted;
        uint256 request;
    }

    event Asked(uint256 indexed source, uint256 indexed request, uint64 size);
    /// @notice One way showed a root of a lane.
    event RootShown(uint256 indexed source, uint64 indexed size, bytes32 root, LaneControl.Trust way, uint64 height, bytes32 blockHash);
    /// @notice The lane is halted: for one size two roots were shown.
    event RootsConflict(uint256 indexed source, uint64 indexed size, bytes32 root, bytes32 otherRoot);
    event NoRoot(uint256 indexed source, uint256 indexed request, Reason reason);
    /// @notice All roots of a lane were forgotten.
    event LaneReset(uint256 indexed source, uint64 epoch);
    /// @notice A message has ended here: with Executed, Failed or Expired.
    event Done(uint256 indexed source, uint64 indexed nonce, address indexed target, Outcome outcome, bytes data);
    event Skipped(uint256 indexed source, uint64 indexed nonce);

    error OnlyControl(address caller);
    error WayNotAccepted(uint256 source);
    error RequestOpen(uint256 request);
    error NothingAsked(uint256 source);
    error PurseTooSmall(uint256 wei_, uint256 feeWei);
    error ExpiryOutOfBounds(uint64 expiresAt, uint256 atLeast, uint256 atMost);
    error LaneHalted(uint256 source);
    error LaneDisabled(uint256 source);
    error UnknownRoot(uint256 source, uint64 size);
    error WrongLedger(uint256 destination);
    error WrongData();
    error NotInLane();
    error AlreadyDone(uint256 source, uint64 nonce);
    error IsExpired(uint64 expiresAt);
    error NotExpired(uint64 expiresAt);
    error RateExceeded(uint256 source);
    error BatchOutOfBounds(uint256 messages, uint256 atMost);
    error NothingDone();

    LaneControl public immutable control;
    SourceHeaders public immutable headers;
    Outbox public immutable outbox;
    mapping(uint256 source => Incoming) private _incoming;
    mapping(uint256 source => Bucket) private _buckets;
    mapping(uint256 request => uint256 source) private _sourceOf;

    constructor(LaneControl control_, SourceHeaders headers_, Outbox outbox_, IPedal pedal_) LoProd(pedal_) {
        control = control_;
        headers = headers_;
        outbox = outbox_;
    }

    // --- roots, by group -----------------------------------------------------------------------

    /// @notice Asks this ledger's oracle for the root of the lane from `source`; anyone may, one request for each lane is open at a
    /// time. The fee is paid from what is sent along and from what failed requests gave back.
    /// @param size how many leaves; 0 = as many as there are. Where a certificate is wanted too, show that first and ask for its
    /// size, so that both are about the same tree
    function ask(uint256 source, uint64 size, uint64 expiresAt) external payable returns (uint256 id) {
        LaneControl.Lane memory lane = control.requireRunning(source);
        if (lane.trust == LaneControl.Trust.Certificate) revert WayNotAccepted(source);
        Incoming storage its = _incoming[source];
        if (its.request != 0) revert RequestOpen(its.request);
        (uint256 earliest, uint256 latest) = (block.timestamp + ASK_SECONDS_MIN, block.timestamp + ASK_SECONDS_MAX);
        if (expiresAt < earliest || expiresAt > latest) revert ExpiryOutOfBounds(expiresAt, earliest, latest);
        _collect();
        uint256 feeWei = pedal.feeOf(JOB);
        if (address(this).balance < feeWei) revert PurseTooSmall(address(this).balance, feeWei);
        id = _request(JOB, abi.encode(source, block.chainid, size), expiresAt, ANSWER_GAS, feeWei);
        (its.request, its.requestedSize) = (id, size);
        _sourceOf[id] = source;
        emit Asked(source, id, size);
    }

    /// @notice Takes what the oracle answered when its callback did not work, or gives the request up when it ended without an answer.
    function syncRequest(uint256 source) external {
        uint256 id = _incoming[source].request;
        if (id == 0) revert NothingAsked(source);
        Request memory asked = pedal.requestOf(id);
        if (asked.state == State.Pending) revert RequestOpen(id);
        _forget(id);
        if (asked.state == State.Answered) _takeAnswer(id, pedal.resultOf(id));
        else _giveRequestUp(id, asked.reason);
    }

    // --- roots, by certificate -----------------------------------------------------------------

    /// @notice Proves a root with a header of the source, the commit signatures of its sealers, and the proof of the one word that
    /// the source's Outbox keeps of the lane; anyone may.
    function commitByCertificate(
        uint256 source,
        SourceHeaders.Evidence calldata evidence,
        SourceHeaders.LaneProof calldata proof
    ) external {
        LaneControl.Lane memory lane = control.requireRunning(source);
        if (lane.trust == LaneControl.Trust.Group) revert WayNotAccepted(source);
        (uint64 height, bytes32 blockHash) = headers.proveLane(source, block.chainid, evidence, proof);
        _show(source, lane.trust, LaneControl.Trust.Certificate, proof.root, proof.size, height, blockHash);
    }

    /// @notice The companies forget all roots of a lane, and that it was halted; what was done stays done.
    function resetLane(uint256 source) external {
        if (msg.sender != address(control)) revert OnlyControl(msg.sender);
        Incoming storage its = _incoming[source];
        its.epoch++;
        (its.size, its.height, its.halted) = (0, 0, false);
        emit LaneReset(source, its.epoch);
    }

    // --- messages ------------------------------------------------------------------------------

    /// @notice Executes a message; anyone may. The target is called as `onMessage(source, sender, data)` with exactly the gas of the
    /// envelope, after the message has been marked as done. What the target does with it goes into the receipt.
    function execute(Envelope calldata envelope, bytes calldata data, Place calldata place) external nonReentrant {
        if (block.timestamp >= envelope.expiresAt) revert IsExpired(envelope.expiresAt);
        LaneControl.Lane memory lane = control.requireRunning(envelope.source);
        bytes32 message = _check(envelope, place, lane);
        if (keccak256(data) != envelope.dataHash) revert WrongData();
        if (!lane.enabled) revert LaneDisabled(envelope.source);
        if (!_consume(envelope.source, lane, data.length)) revert RateExceeded(envelope.source);
        _execute(envelope, message, data);
    }

    /// @notice Executes many in their order. Those that are done are left out, expired ones end as such; it stops where the lane's
    /// rate is used up. Refused when nothing was done.
    function executeMany(Delivery[] calldata deliveries) external nonReentrant returns (uint256 done) {
        if (deliveries.length == 0 || deliveries.length > BATCH_MAX) revert BatchOutOfBounds(deliveries.length, BATCH_MAX);
        for (uint256 index = 0; index < deliveries.length; index++) {
            Delivery calldata one = deliveries[index];
            uint256 source = one.envelope.source;
            if (isDone(source, one.envelope.nonce)) {
                emit Skipped(source, one.envelope.nonce);
                continue;
            }
            LaneControl.Lane memory lane = control.requireRunning(source);
            bytes32 message = _check(one.envelope, one.place, lane);
            if (keccak256(one.data) != one.envelope.dataHash) revert WrongData();
            if (block.timestamp >= one.envelope.expiresAt) {
                _expire(one.envelope, message);
            } else {
                if (!lane.enabled) revert LaneDisabled(source);
                if (!_consume(source, lane, one.data.length)) break;
                _execute(one.envelope, message, one.data);
            }
            done++;
        }
        if (done == 0) revert NothingDone();
    }

    /// @notice States that a message has expired, from its expiry on; anyone may, also while the lane is paused. It is never executed
    /// afterwards.
    function expire(Envelope calldata envelope, Place calldata place) external nonReentrant {
        if (block.timestamp < envelope.expiresAt) revert NotExpired(envelope.expiresAt);
        _expire(envelope, _check(envelope, place, control.laneOf(envelope.source)));
    }

    // --- reads ---------------------------------------------------------------------------------

    /// @notice The root of a source's lane with so many leaves, if it is believed as the lane demands.
    function rootOf(uint256 source, uint64 size) external view returns (bytes32) {
        return _root(source, size, control.laneOf(source).trust);
    }

    /// @notice What each way said of the lane with so many leaves; zero = nothing.
    function rootsOf(uint256 source, uint64 size) external view returns (Roots memory) {
        return _incoming[source].roots[_incoming[source].epoch][size];
    }

    function incomingOf(uint256 source) external view returns (IncomingView memory) {
        Incoming storage its = _incoming[source];
        return IncomingView(its.epoch, its.size, its.height, its.halted, its.request);
    }

    /// @notice Whether a message was executed, failed or expired here.
    function isDone(uint256 source, uint64 nonce) public view returns (bool) {
        return (_incoming[source].done[nonce >> 8] >> (nonce & 0xff)) & 1 == 1;
    }

    /// @notice What of a lane's rate is left at this moment.
    function allowanceOf(uint256 source) external view returns (uint256 messages, uint256 bytes_) {
        LaneControl.Lane memory lane = control.laneOf(source);
        Bucket memory used = _refilled(source, lane);
        messages = (lane.messagesPerPeriod * PARTS - _least(used.messages, lane.messagesPerPeriod * PARTS)) / PARTS;
        bytes_ = (lane.bytesPerPeriod * PARTS - _least(used.bytes_, lane.bytesPerPeriod * PARTS)) / PARTS;
    }

    // --- inside --------------------------------------------------------------------------------

    function _answered(uint256 id, bytes calldata result) internal override {
        _takeAnswer(id, result);
    }

    function _failed(uint256 id, Reason reason) internal override {
        _giveRequestUp(id, reason);
    }

    function _giveRequestUp(uint256 id, Reason reason) private {
        uint256 source = _closeRequest(id);
        emit NoRoot(source, id, reason);
    }

    /// @dev The group signed abi.encode(source, root, size, height of the source, its block hash): 160 bytes. Never reverts for what
    /// it says, so that the request is closed in any case.
    function _takeAnswer(uint256 id, bytes memory result) private {
        uint64 asked = _incoming[_sourceOf[id]].requestedSize;
        uint256 source = _closeRequest(id);
        // What is too short decodes as zeros, which fit nothing.
        bytes memory words = result.length == 160 ? result : new bytes(160);
        (uint256 told, bytes32 root, uint256 size, uint256 height, bytes32 blockHash) =
            abi.decode(words, (uint256, bytes32, uint256, uint256, bytes32));
        bool fits = told == source && size != 0 && size <= type(uint64).max && height <= type(uint64).max && root != 0;
        LaneControl.Trust trust = control.laneOf(source).trust;
        bool paused = control.paused() || control.lanePaused(source);
        if (!fits || (asked != 0 && size != asked) || trust == LaneControl.Trust.Certificate || paused) {
            emit NoRoot(source, id, Reason.InvalidData);
            return;
        }
        _show(source, trust, LaneControl.Trust.Group, root, uint64(size), uint64(height), blockHash);
    }

    function _closeRequest(uint256 id) private returns (uint256 source) {
        source = _sourceOf[id];
        delete _sourceOf[id];
        (_incoming[source].request, _incoming[source].requestedSize) = (0, 0);
    }

    function _show(
        uint256 source,
        LaneControl.Trust trust,
        LaneControl.Trust way,
        bytes32 root,
        uint64 size,
        uint64 height,
        bytes32 blockHash
    ) private {
        Incoming storage its = _incoming[source];
        Roots storage roots = its.roots[its.epoch][size];
        bytes32 other = roots.byGroup == 0 ? roots.byCertificate : roots.byGroup;
        if (other != 0 && other != root) {
            its.halted = true;
            emit RootsConflict(source, size, other, root);
            return;
        }
        if (way == LaneControl.Trust.Group) roots.byGroup = root;
        else roots.byCertificate = root;
        emit RootShown(source, size, root, way, height, blockHash);
        if (size > its.size && (trust != LaneControl.Trust.Both || roots.byGroup == roots.byCertificate)) {
            (its.size, its.height) = (size, height);
        }
    }

    function _root(uint256 source, uint64 size, LaneControl.Trust trust) private view returns (bytes32 root) {
        Incoming storage its = _incoming[source];
        if (its.halted) revert LaneHalted(source);
        Roots storage roots = its.roots[its.epoch][size];
        if (trust == LaneControl.Trust.Group) root = roots.byGroup;
        else root = roots.byCertificate;
        if (root == 0 || (trust == LaneControl.Trust.Both && root != roots.byGroup)) revert UnknownRoot(source, size);
    }

    /// @dev That this message is for here, not done, and in the lane.
    function _check(Envelope calldata envelope, Place calldata place, LaneControl.Lane memory lane)
        private
        view
        returns (bytes32 message)
    {
        if (envelope.destination != block.chainid) revert WrongLedger(envelope.destination);
        if (isDone(envelope.source, envelope.nonce)) revert AlreadyDone(envelope.source, envelope.nonce);
        bytes32 root = _root(envelope.source, place.size, lane.trust);
        message = CrossLedger.hash(envelope);
        if (!LaneTree.contains(root, place.size, place.index, message, place.proof)) revert NotInLane();
    }

    function _markDone(uint256 source, uint64 nonce) private {
        _incoming[source].done[nonce >> 8] |= 1 << (nonce & 0xff);
    }

    function _execute(Envelope calldata envelope, bytes32 message, bytes calldata data) private {
        _markDone(envelope.source, envelope.nonce);
        Receipt memory receipt;
        receipt.outcome = Outcome.Failed;
        if (envelope.target.code.length > 0) {
            bytes memory call_ = abi.encodeCall(ICrossLedgerApp.onMessage, (envelope.source, envelope.sender, data));
            (bool worked, uint256 returned, bytes memory copied) =
                CrossLedger.callExactly(envelope.target, envelope.gas, call_, CrossLedger.RETURN_BYTES_MAX);
            if (worked) receipt.outcome = Outcome.Executed;
            receipt.returnedBytes = returned > type(uint32).max ? type(uint32).max : uint32(returned);
            receipt.data = copied;
        }
        _finish(envelope, message, receipt);
    }

    function _expire(Envelope calldata envelope, bytes32 message) private {
        _markDone(envelope.source, envelope.nonce);
        _finish(envelope, message, Receipt(Outcome.Expired, 0, ""));
    }

    function _finish(Envelope calldata envelope, bytes32 message, Receipt memory receipt) private {
        emit Done(envelope.source, envelope.nonce, envelope.target, receipt.outcome, receipt.data);
        outbox.addReceipt(envelope.source, envelope.nonce, message, receipt);
    }

    /// @dev Takes one message of so many bytes from the lane's rate; false when it is used up.
    function _consume(uint256 source, LaneControl.Lane memory lane, uint256 dataBytes) private returns (bool) {
        Bucket memory used = _refilled(source, lane);
        uint256 messages = used.messages + PARTS;
        uint256 bytes_ = used.bytes_ + dataBytes * PARTS;
        if (messages > lane.messagesPerPeriod * PARTS || bytes_ > lane.bytesPerPeriod * PARTS) return false;
        (used.messages, used.bytes_) = (uint96(messages), uint96(bytes_));
        _buckets[source] = used;
        return true;
    }

    function _refilled(uint256 source, LaneControl.Lane memory lane) private view returns (Bucket memory used) {
        used = _buckets[source];
        uint256 elapsed = block.timestamp - used.since;
        if (elapsed > lane.periodSeconds) elapsed = lane.periodSeconds;
        used.messages -= uint96(_least((elapsed * PARTS * lane.messagesPerPeriod) / lane.periodSeconds, used.messages));
        used.bytes_ -= uint96(_least((elapsed * PARTS * lane.bytesPerPeriod) / lane.periodSeconds, used.bytes_));
        used.since = uint64(block.timestamp);
    }

    function _least(uint256 left, uint256 right) private pure returns (uint256) {
        return left < right ? left : right;
    }
}
