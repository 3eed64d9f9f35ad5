// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title What the computing oracle answers about a round, byte by byte
/// @notice round (4) | digest of the model (32) | digest of the record (32) | bytes of the model (4) | accuracy (4) and loss (8), in
/// parts of a million | accepted (2) | rejected (2) | for each accepted: place (2), samples (4) | for each rejected: place (2), why (1)
library RoundAnswer {
    uint256 private constant HEAD = 88;
    uint256 private constant ACCEPTED = 6;
    uint256 private constant REJECTED = 3;

    function isWhole(bytes calldata all) internal pure returns (bool) {
        return all.length >= HEAD && all.length == HEAD + acceptedCount(all) * ACCEPTED + rejectedCount(all) * REJECTED;
    }

    function round(bytes calldata all) internal pure returns (uint32) {
        return uint32(bytes4(all[0:4]));
    }

    function digest(bytes calldata all) internal pure returns (bytes32) {
        return bytes32(all[4:36]);
    }

    function record(bytes calldata all) internal pure returns (bytes32) {
        return bytes32(all[36:68]);
    }

    function sizeBytes(bytes calldata all) internal pure returns (uint32) {
        return uint32(bytes4(all[68:72]));
    }

    function accuracy(bytes calldata all) internal pure returns (uint32) {
        return uint32(bytes4(all[72:76]));
    }

    function loss(bytes calldata all) internal pure returns (uint64) {
        return uint64(bytes8(all[76:84]));
    }

    function acceptedCount(bytes calldata all) internal pure returns (uint256) {
        return uint16(bytes2(all[84:86]));
    }

    function rejectedCount(bytes calldata all) internal pure returns (uint256) {
        return uint16(bytes2(all[86:88]));
    }

    function acceptedPlace(bytes calldata all, uint256 index) internal pure returns (uint256) {
        uint256 from = HEAD + index * ACCEPTED;
        return uint16(bytes2(all[from:from + 2]));
    }

    function acceptedSamples(bytes calldata all, uint256 index) internal pure returns (uint256) {
        uint256 from = HEAD + index * ACCEPTED + 2;
        return uint32(bytes4(all[from:from + 4]));
    }

    function rejectedPlace(bytes calldata all, uint256 accepted, uint256 index) internal pure returns (uint256) {
        uint256 from = HEAD + accepted * ACCEPTED + index * REJECTED;
        return uint16(bytes2(all[from:from + 2]));
    }

    /// @dev 1 outvoted, 2 unusable, 3 absent.
    function rejectedWhy(bytes calldata all, uint256 accepted, uint256 index) internal pure returns (uint256) {
        return uint8(all[HEAD + accepted * ACCEPTED + index * REJECTED + 2]);
    }
}
