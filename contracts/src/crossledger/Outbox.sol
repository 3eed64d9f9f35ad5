// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CrossLedger, Envelope, ICrossLedgerApp, IInbox, IOutbox, Outcome, Place, Receipt} from "./CrossLedger.sol";
import {LaneControl} from "./LaneControl.sol";
import {LaneTree} from "./LaneTree.sol";

/// @title What a ledger says to others
/// @notice A lane leads from this ledger to one other. Its leaves are the messages that are sent there, and the receipts of those
/// that came from there. One word of storage fixes a lane's size and root. A message ends exactly once on this side: with a
/// receipt, or given up. Source: paper IV-B; tree, nonces, deposits and giving up: ours.
contract Outbox is IOutbox {
    /// @notice A message that could expire before it is carried would only cost.
    uint256 public constant LIFE_SECONDS_MIN = 10;
    uint256 public constant LIFE_SECONDS_MAX = 30 days;
    /// @notice Receipts in one `settleMany`.
    uint256 public constant BATCH_MAX = 64;

    struct Settlement {
        Envelope envelope;
        Receipt receipt;
        Place place;
    }

    struct LaneView {
        /// @dev Leaves, and the tree's root over them.
        uint64 size;
        bytes32 root;
        /// @dev Messages sent, and those of them that have not ended.
        uint64 sent;
        uint64 open;
        bytes32 head;
    }

    struct LaneState {
        uint64 size;
        uint64 sent;
        uint64 open;
        LaneTree.Tree tree;
    }

    /// @notice A message, in full: what relayers rebuild the tree from and carry.
    event Sent(uint256 indexed destination, uint64 indexed nonce, address indexed sender, uint64 index, Envelope envelope, bytes data);
    /// @notice A receipt, in full, for message `nonce` from there.
    event ReceiptAdded(uint256 indexed destination, uint64 indexed nonce, uint64 index, bytes32 message, Receipt receipt);
    /// @notice A message of this ledger has ended.
    event Settled(uint256 indexed destination, uint64 indexed nonce, address indexed sender, Outcome outcome, bytes data);
    /// @notice What the sender's contract did with it.
    event Delivered(uint256 indexed destination, uint64 indexed nonce, bool worked);
    event Skipped(uint256 indexed destination, uint64 indexed nonce);
    event Collected(address indexed account, uint256 wei_);

    error LaneDisabled(uint256 destination);
    error DataTooLong(uint256 bytesLength, uint256 atMost);
    error ExpiryOutOfBounds(uint64 expiresAt, uint256 atLeast, uint256 atMost);
    error GasTooHigh(uint256 gas_, uint256 atMost);
    error DepositTooSmall(uint256 wei_, uint256 atLeast);
    error DepositTooLarge(uint256 wei_);
    error TooManyOpen(uint256 destination, uint256 atMost);
    error TooManyOpenOf(address sender, uint256 atMost);
    error OnlyInbox(address caller);
    error NotOpen(uint256 destination, uint64 nonce);
    error NotThatMessage(uint256 destination, uint64 nonce);
    error NotInLane();
    error NotAReceipt();
    error TooEarly(uint256 from);
    error BatchOutOfBounds(uint256 messages, uint256 atMost);
    error NothingOpen();
    error NothingOwed(address account);
    error TransferFailed(address to, uint256 wei_);

    /// @dev Slot 0: other ledgers prove what stands here. See `CrossLedger.head`.
    mapping(uint256 destination => bytes32) private _heads;
    /// @dev Slot 1: which chain this is, so that its headers can be told from those of another that has the same sealers.
    uint256 private _chainId;
    mapping(uint256 destination => LaneState) private _lanes;
    /// @dev The name of an open message; of one that ended its outcome.
    mapping(uint256 destination => mapping(uint64 nonce => bytes32)) private _messages;
    mapping(uint256 destination => mapping(address sender => uint256)) public openOf;
    mapping(address account => uint256 wei_) public override owedTo;
    LaneControl public immutable control;
    address public immutable inbox;

    constructor(LaneControl control_, address inbox_) {
        _chainId = block.chainid;
        control = control_;
        inbox = inbox_;
    }

    // --- sending -------------------------------------------------------------------------------

    /// @notice Sends a message. The deposit comes back when it ends, whatever the outcome: what a flood costs is what it locks.
    /// @param expiresAt seconds since the epoch, by the clock of the destination; from then on it is not executed
    /// @param gas_ what `target.onMessage` gets
    /// @param callbackGas what the sender's `onReceipt` gets; 0 = no callback
    function send(
        uint256 destination,
        address target,
        bytes calldata data,
        uint64 expiresAt,
        uint32 gas_,
        uint32 callbackGas
    ) external payable returns (uint64 nonce) {
        LaneControl.Lane memory lane = control.requireRunning(destination);
        LaneState storage state = _lanes[destination];
        _checkSend(lane, state, destination, data.length, expiresAt, gas_ > callbackGas ? gas_ : callbackGas);
        nonce = ++state.sent;
        state.open++;
        openOf[destination][msg.sender]++;
        Envelope memory envelope = Envelope({
            source: block.chainid,
            destination: destination,
            nonce: nonce,
            sender: msg.sender,
            target: target,
            sentAt: uint64(block.timestamp),
            expiresAt: expiresAt,
            gas: gas_,
            callbackGas: callbackGas,
            depositWei: uint96(msg.value),
            dataHash: keccak256(data)
        });
        bytes32 message = CrossLedger.hash(envelope);
        _messages[destination][nonce] = message;
        uint64 index = _append(destination, state, message);
        emit Sent(destination, nonce, msg.sender, index, envelope, data);
    }

    /// @notice The Inbox adds what became of a message from there. Never refused for the state of the lane.
    function addReceipt(uint256 destination, uint64 nonce, bytes32 message, Receipt calldata receipt) external {
        if (msg.sender != inbox) revert OnlyInbox(msg.sender);
        uint64 index = _append(destination, _lanes[destination], CrossLedger.hash(message, receipt));
        emit ReceiptAdded(destination, nonce, index, message, receipt);
    }

    // --- ending --------------------------------------------------------------------------------

    /// @notice Ends a message with the receipt that the other ledger's lane holds; anyone may bring it. The state and the money
    /// are settled before the sender's `onReceipt` runs with exactly its gas.
    function settle(Envelope calldata envelope, Receipt calldata receipt, Place calldata place) external {
        control.requireRunning(envelope.destination);
        _requireOpen(envelope);
        _settle(envelope, receipt, place);
    }

    /// @notice Many at once; those that have ended already are left out.
    function settleMany(Settlement[] calldata settlements) external returns (uint256 done) {
        if (settlements.length == 0 || settlements.length > BATCH_MAX) revert BatchOutOfBounds(settlements.length, BATCH_MAX);
        for (uint256 index = 0; index < settlements.length; index++) {
            Settlement calldata one = settlements[index];
            control.requireRunning(one.envelope.destination);
            if (_messages[one.envelope.destination][one.envelope.nonce] != CrossLedger.hash(one.envelope)) {
                emit Skipped(one.envelope.destination, one.envelope.nonce);
                continue;
            }
            _settle(one.envelope, one.receipt, one.place);
            done++;
        }
        if (done == 0) revert NothingOpen();
    }

    /// @notice Ends a message for which no receipt came until the lane's grace after its expiry was over. Anyone may do so, during
    /// a pause too. What the sender may conclude: the message is not executed from now on (it has expired by the destination's
    /// clock, unless that is behind by the whole grace). What it may not conclude: that it was not executed before. A sender
    /// for whom that matters asks the other ledger, or makes its message harmless when it is done and counted as not done.
    /// Source: ours.
    function giveUp(Envelope calldata envelope) external {
        _requireOpen(envelope);
        uint256 from = uint256(envelope.expiresAt) + control.laneOf(envelope.destination).graceSeconds;
        if (block.timestamp < from) revert TooEarly(from);
        _end(envelope, Outcome.GivenUp, "");
    }

    /// @notice Pays the caller what it is owed.
    function collect() external returns (uint256 paidWei) {
        paidWei = owedTo[msg.sender];
        if (paidWei == 0) revert NothingOwed(msg.sender);
        owedTo[msg.sender] = 0;
        emit Collected(msg.sender, paidWei);
        (bool paid,) = msg.sender.call{value: paidWei}("");
        if (!paid) revert TransferFailed(msg.sender, paidWei);
    }

    // --- reads ---------------------------------------------------------------------------------

    function laneOf(uint256 destination) external view returns (LaneView memory) {
        LaneState storage state = _lanes[destination];
        bytes32 root = LaneTree.root(state.tree, state.size);
        return LaneView(state.size, root, state.sent, state.open, _heads[destination]);
    }

    /// @notice How a message stands: whether it is open, and how it ended.
    function messageOf(uint256 destination, uint64 nonce) external view returns (bool open, Outcome outcome, bytes32 message) {
        bytes32 kept = _messages[destination][nonce];
        if (_ended(kept)) return (false, Outcome(uint8(uint256(kept))), 0);
        return (true, Outcome.None, kept);
    }

    function hashOf(Envelope calldata envelope) external pure returns (bytes32) {
        return CrossLedger.hash(envelope);
    }

    function receiptHashOf(bytes32 message, Receipt calldata receipt) external pure returns (bytes32) {
        return CrossLedger.hash(message, receipt);
    }

    // --- inside --------------------------------------------------------------------------------

    function _checkSend(
        LaneControl.Lane memory lane,
        LaneState storage state,
        uint256 destination,
        uint256 dataBytes,
        uint64 expiresAt,
        uint256 mostGas
    ) private view {
        if (!lane.enabled) revert LaneDisabled(destination);
        if (dataBytes > lane.maxDataBytes) revert DataTooLong(dataBytes, lane.maxDataBytes);
        (uint256 earliest, uint256 latest) = (block.timestamp + LIFE_SECONDS_MIN, block.timestamp + LIFE_SECONDS_MAX);
        if (expiresAt < earliest || expiresAt > latest) revert ExpiryOutOfBounds(expiresAt, earliest, latest);
        if (mostGas > CrossLedger.MESSAGE_GAS_MAX) revert GasTooHigh(mostGas, CrossLedger.MESSAGE_GAS_MAX);
        if (msg.value < lane.depositWei) revert DepositTooSmall(msg.value, lane.depositWei);
        if (msg.value > type(uint96).max) revert DepositTooLarge(msg.value);
        if (state.open >= lane.openMessages) revert TooManyOpen(destination, lane.openMessages);
        if (openOf[destination][msg.sender] >= lane.openPerSender) revert TooManyOpenOf(msg.sender, lane.openPerSender);
    }

    function _append(uint256 destination, LaneState storage state, bytes32 leaf) private returns (uint64 index) {
        index = state.size;
        bytes32 root = LaneTree.append(state.tree, index, leaf);
        state.size = index + 1;
        _heads[destination] = CrossLedger.head(block.chainid, destination, index + 1, root);
    }

    function _requireOpen(Envelope calldata envelope) private view {
        bytes32 kept = _messages[envelope.destination][envelope.nonce];
        if (_ended(kept)) revert NotOpen(envelope.destination, envelope.nonce);
        if (kept != CrossLedger.hash(envelope)) revert NotThatMessage(envelope.destination, envelope.nonce);
    }

    /// @dev Outcomes are small numbers, names of messages are not; zero was never sent.
    function _ended(bytes32 kept) private pure returns (bool) {
        return uint256(kept) <= uint256(type(Outcome).max);
    }

    function _settle(Envelope calldata envelope, Receipt calldata receipt, Place calldata place) private {
        if (receipt.outcome == Outcome.None || receipt.outcome == Outcome.GivenUp) revert NotAReceipt();
        bytes32 root = IInbox(inbox).rootOf(envelope.destination, place.size);
        bytes32 leaf = CrossLedger.hash(CrossLedger.hash(envelope), receipt);
        if (!LaneTree.contains(root, place.size, place.index, leaf, place.proof)) revert NotInLane();
        _end(envelope, receipt.outcome, receipt.data);
    }

    function _end(Envelope calldata envelope, Outcome outcome, bytes memory data) private {
        (uint256 destination, uint64 nonce, address sender) = (envelope.destination, envelope.nonce, envelope.sender);
        _messages[destination][nonce] = bytes32(uint256(outcome));
        _lanes[destination].open--;
        openOf[destination][sender]--;
        owedTo[sender] += envelope.depositWei;
        emit Settled(destination, nonce, sender, outcome, data);
        if (envelope.callbackGas == 0 || sender.code.length == 0) return;
        bytes memory call_ = abi.encodeCall(ICrossLedgerApp.onReceipt, (destination, nonce, outcome, data));
        (bool worked,,) = CrossLedger.callExactly(sender, envelope.callbackGas, call_, 0);
        emit Delivered(destination, nonce, worked);
    }
}
