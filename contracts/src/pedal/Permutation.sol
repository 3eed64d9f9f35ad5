// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A permutation that everyone can repeat
library Permutation {
    /// @notice Puts the first `count` entries of the permutation of `list` with this seed in front (Fisher and Yates): step i
    /// swaps entry i with entry i + keccak256(abi.encode(seed, i)) mod (length - i). The list is changed in place.
    function front(uint32[] memory list, bytes32 seed, uint256 count) internal pure {
        for (uint256 index = 0; index < count; index++) {
            uint256 other = index + uint256(keccak256(abi.encode(seed, index))) % (list.length - index);
            (list[index], list[other]) = (list[other], list[index]);
        }
    }
}
