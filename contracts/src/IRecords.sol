// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Records: values, anchors, attestations, telemetry
/// @notice Built into every node at 0x0000000000000000000000000000000000007002. Whoever calls is the author: the sender of a
/// transaction, or the contract that calls with its own address. Nobody writes in another's name.
/// What is stored lies in the storage of that address as Solidity would lay it out, so that `eth_getProof` proves it.
interface IRecords {
    /// @dev One slot: author, seconds (uint40), block number (uint56).
    struct Anchor {
        address author;
        uint40 timestamp;
        uint56 blockNumber;
    }

    /// @dev Two slots.
    struct Stream {
        uint64 fromMs;
        uint64 toMs;
        uint64 count;
        uint64 segments;
        bytes32 head;
    }

    struct Entry {
        bytes32 key;
        bytes value;
    }

    struct Attestation {
        address subject;
        bytes32 digest;
        bytes32 kind;
    }

    struct Segment {
        bytes32 stream;
        uint64 fromMs;
        uint64 toMs;
        uint32 count;
        bytes32 root;
    }

    event Put(address indexed author, bytes32 indexed key, bytes value);
    event Anchored(address indexed author, bytes32 indexed digest);
    event Attested(address indexed author, address indexed subject, bytes32 indexed digest, bytes32 kind);
    event Telemetry(
        address indexed author, bytes32 indexed stream, uint64 fromMs, uint64 toMs, uint32 count, bytes32 root
    );

    /// @notice The value has more than 4,096 bytes: send it as a payload and anchor its digest.
    error ValueTooLong(uint256 length);
    /// @notice A segment has no samples, or ends before it begins.
    error BadSegment();
    /// @notice A segment begins before the stream's last one ended.
    error OutOfOrder(uint64 endMs);
    /// @notice A static call asked for something to be written.
    error ReadOnly();
    /// @notice DELEGATECALL and CALLCODE are refused: the records are not in the caller's storage.
    error NotItself();

    /// @notice Stores a value of at most 4,096 bytes under a key of the author's own; an empty one removes what is there.
    function put(bytes32 key, bytes calldata value) external;
    function putMany(Entry[] calldata entries) external;

    /// @notice Says when the author first showed this digest. Anchoring it again changes nothing and logs nothing.
    function anchor(bytes32 digest) external;
    function anchorMany(bytes32[] calldata digests) external;

    /// @notice Says that the author vouches for a digest as being of some kind, of somebody. The first time stands.
    function attest(address subject, bytes32 digest, bytes32 kind) external;
    function attestMany(Attestation[] calldata attestations) external;

    /// @notice Adds a segment of samples to a stream of the author's: how many, from when to when, and the root over them.
    /// The stream's head chains them: keccak256(abi.encode(head, fromMs, toMs, count, root)).
    function telemetry(bytes32 stream, uint64 fromMs, uint64 toMs, uint32 count, bytes32 root) external;
    function telemetryMany(Segment[] calldata segments) external;

    function get(address author, bytes32 key) external view returns (bytes memory value);
    /// @notice Zeros when the author has not anchored it.
    function anchoredAt(address author, bytes32 digest) external view returns (uint64 timestamp, uint64 blockNumber);
    function attestedAt(address author, address subject, bytes32 digest, bytes32 kind)
        external
        view
        returns (uint64 timestamp, uint64 blockNumber);
    function streamOf(address author, bytes32 stream) external view returns (Stream memory);
}
