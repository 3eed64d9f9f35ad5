// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What became of a message, as its sender learns it.
/// @dev Executed, Failed and Expired come from the destination; GivenUp is the source's own word.
enum Outcome {
    None,
    /// @dev The target took it.
    Executed,
    /// @dev The target was called and reverted, ran out of its gas, or is no contract.
    Failed,
    /// @dev Its time was over before anyone executed it; it never will be.
    Expired,
    /// @dev No receipt came in time. It may have been executed, or not.
    GivenUp
}

/// @notice What a message says beside its data. Source: paper IV-B (request with source, callback, time and expiry); nonce, gas
/// and deposit: ours.
struct Envelope {
    /// @dev Chain ids.
    uint256 source;
    uint256 destination;
    /// @dev Counts the messages of a lane, from 1.
    uint64 nonce;
    address sender;
    address target;
    uint64 sentAt;
    /// @dev Seconds since the epoch; from then on it is not executed any more.
    uint64 expiresAt;
    /// @dev What the target gets, and what the sender's callback gets.
    uint32 gas;
    uint32 callbackGas;
    uint96 depositWei;
    bytes32 dataHash;
}

/// @notice What the destination says of a message.
struct Receipt {
    Outcome outcome;
    /// @dev How much the target returned; `data` is the beginning of it.
    uint32 returnedBytes;
    bytes data;
}

/// @notice Where a leaf stands in a lane's tree of so many leaves.
struct Place {
    uint64 size;
    uint64 index;
    bytes32[] proof;
}

/// @title What both ends of a lane hash alike
/// @dev Every preimage here is longer than 64 bytes, so none is a node of the tree.
library CrossLedger {
    bytes32 internal constant MESSAGE_TAG = keccak256("treadle.crossledger.message.v1");
    bytes32 internal constant RECEIPT_TAG = keccak256("treadle.crossledger.receipt.v1");
    bytes32 internal constant LANE_TAG = keccak256("treadle.crossledger.lane.v1");
    /// @notice Of what a target returns, so much travels back.
    uint256 internal constant RETURN_BYTES_MAX = 512;
    /// @notice More would let one message crowd out a block.
    uint256 internal constant MESSAGE_GAS_MAX = 2_500_000;
    /// @notice Gas that has to be left for the rest of a transaction after a call.
    uint256 internal constant CALL_RESERVE = 120_000;

    error GasTooLow(uint256 needed);

    /// @notice Name of a message, and its leaf.
    function hash(Envelope memory envelope) internal pure returns (bytes32) {
        return keccak256(abi.encode(MESSAGE_TAG, envelope));
    }

    /// @notice Leaf of a receipt.
    /// @param message name of the message that it is about
    function hash(bytes32 message, Receipt memory receipt) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(RECEIPT_TAG, message, receipt.outcome, receipt.returnedBytes, keccak256(receipt.data))
        );
    }

    /// @notice What the storage of the source holds of a lane: one word that fixes its ends, its size and its root.
    function head(uint256 source, uint256 destination, uint64 size, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(LANE_TAG, source, destination, size, root));
    }

    /// @dev Calls with exactly so much gas; of what comes back no more than `copyMax` bytes are copied. A call gets 63 of 64
    /// parts at most: with less left, whoever sends the transaction could starve the called contract.
    function callExactly(address to, uint256 gas_, bytes memory call_, uint256 copyMax)
        internal
        returns (bool worked, uint256 returned, bytes memory data)
    {
        uint256 needed = (gas_ * 64) / 63 + CALL_RESERVE;
        if (gasleft() < needed) revert GasTooLow(needed);
        assembly ("memory-safe") {
            worked := call(gas_, to, 0, add(call_, 0x20), mload(call_), 0, 0)
            returned := returndatasize()
            let copied := returned
            if gt(copied, copyMax) { copied := copyMax }
            data := mload(0x40)
            mstore(data, copied)
            returndatacopy(add(data, 0x20), 0, copied)
            mstore(0x40, and(add(add(data, 0x3f), copied), not(0x1f)))
        }
    }
}

/// @title What another ledger's message and one's own receipts are brought to
interface ICrossLedgerApp {
    /// @notice A message from another ledger. Only the Inbox may call this: check the caller.
    /// @return what the receipt shall carry back; of all that is returned, encoding included, the first 512 bytes
    function onMessage(uint256 source, address sender, bytes calldata data) external returns (bytes memory);

    /// @notice What became of a message. Only the Outbox may call this: check the caller.
    /// @param data what the target returned, as it encoded it; the reason when it reverted
    function onReceipt(uint256 destination, uint64 nonce, Outcome outcome, bytes calldata data) external;
}

/// @title What an application sees of the Outbox
interface IOutbox {
    /// @notice Sends a message; see `Outbox.send`.
    function send(
        uint256 destination,
        address target,
        bytes calldata data,
        uint64 expiresAt,
        uint32 gas_,
        uint32 callbackGas
    ) external payable returns (uint64 nonce);

    /// @notice How a message stands: whether it is open, how it ended, and its name while it is open.
    function messageOf(uint256 destination, uint64 nonce) external view returns (bool open, Outcome outcome, bytes32 message);

    /// @notice What an account may collect.
    function owedTo(address account) external view returns (uint256);

    /// @notice Pays the caller what it is owed.
    function collect() external returns (uint256 paidWei);
}

/// @title What the Outbox and applications see of the Inbox
interface IInbox {
    /// @notice The root of a source's lane with so many leaves, if it is believed as the lane demands.
    function rootOf(uint256 source, uint64 size) external view returns (bytes32);

    /// @notice Whether a message was executed, failed or expired here.
    function isDone(uint256 source, uint64 nonce) external view returns (bool);
}
