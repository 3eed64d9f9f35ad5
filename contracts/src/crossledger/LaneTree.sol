// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A Merkle tree that only grows
/// @notice Shape and proofs are those of RFC 9162 (certificate transparency), the hash is keccak256: the tree of n leaves has the
/// largest power of two below n on its left. Kept are only the roots of its full subtrees, at most one for each level. Source:
/// paper IV-B (Merkle root of what is filed); shape: ours.
library LaneTree {
    /// @notice Levels of the largest tree.
    uint256 internal constant LEVELS_MAX = 64;

    struct Tree {
        /// @dev Root of the full subtree of 2^level leaves, where the size has that bit.
        mapping(uint256 level => bytes32) peaks;
    }

    /// @notice Adds leaf number `size`; returns the root of the tree with `size + 1` leaves.
    function append(Tree storage tree, uint64 size, bytes32 leaf) internal returns (bytes32) {
        uint256 level = 0;
        bytes32 node = leaf;
        for (; (size >> level) & 1 == 1; level++) node = join(tree.peaks[level], node);
        tree.peaks[level] = node;
        return _bag(tree, node, uint256(size) + 1, level);
    }

    /// @notice The root of the tree with `size` leaves; zero for none.
    function root(Tree storage tree, uint64 size) internal view returns (bytes32) {
        if (size == 0) return 0;
        uint256 level = 0;
        while ((size >> level) & 1 == 0) level++;
        return _bag(tree, tree.peaks[level], size, level);
    }

    /// @notice Whether `leaf` is leaf number `index` of the tree with this size and root.
    function contains(bytes32 root_, uint64 size, uint64 index, bytes32 leaf, bytes32[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index >= size || proof.length > LEVELS_MAX) return false;
        (uint256 position, uint256 last) = (index, size - 1);
        bytes32 node = leaf;
        for (uint256 step = 0; step < proof.length; step++) {
            if (last == 0) return false;
            if (position & 1 == 1 || position == last) {
                node = join(proof[step], node);
                // A node without a neighbour rises until it has one.
                while (position & 1 == 0 && position != 0) (position, last) = (position >> 1, last >> 1);
            } else {
                node = join(node, proof[step]);
            }
            (position, last) = (position >> 1, last >> 1);
        }
        return last == 0 && node == root_;
    }

    function join(bytes32 left, bytes32 right) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            node := keccak256(0x00, 0x40)
        }
    }

    /// @dev Joins the full subtrees, smallest first; `node` is the root of the smallest, which is at `level`.
    function _bag(Tree storage tree, bytes32 node, uint256 size, uint256 level) private view returns (bytes32) {
        for (level++; size >> level != 0; level++) {
            if ((size >> level) & 1 == 1) node = join(tree.peaks[level], node);
        }
        return node;
    }
}
