// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The spatial index of edge nodes: one tree per service
/// @notice Answers "the nearest nodes that offer this service, have a free slot and cost no more than this" exactly, ties to
/// the lowest id,
/// and reads only the part of the tree that can hold an answer.
///
/// Positions are integer micro-degrees shifted to be positive (x from longitude, y from latitude). A tree has 20 levels of 16
/// children:
/// levels 0-14 split the square into 4 x 4 cells (two bits of x and y each), levels 15-19 split nodes that stand on the very
/// same spot
/// by four bits of their id, so a leaf is never overfull. A *path* is the 20 nibbles that lead to a node; a *cell* is a prefix
/// of it.
///
/// Nodes stand in leaves of up to 9 *entries*, three to a storage slot: id (20 bits) | y (28) | x (29) | code (7). The *code*
/// of a node is
/// 1 + the bit length of its price while it has a free slot, and FULL otherwise; the code of a cell is the least below it. So one
/// byte per child (leaf flag | code) tells whether anything in that child can be free and cheap enough.
///
/// Why the search is exact: a candidate's key is (squared distance << 20) | id, smaller is better. A child is skipped only when
/// its code
/// says that nothing in it is free within the limit, or when the least key that its rectangle allows is not below the worst key
/// kept. Distance to a rectangle never exceeds distance to a point in it, and equal distances are not skipped, so a lower id is
/// seen.
abstract contract NodeIndex {
    /// @dev Entries in a leaf, three to a slot.
    uint256 private constant LEAF_ENTRIES = 9;
    uint256 private constant LEAF_SLOTS = 3;
    uint256 private constant ENTRY_BITS = 84;
    uint256 private constant ENTRY_MASK = (1 << ENTRY_BITS) - 1;
    /// @dev In a leaf slot: the next slot holds entries too.
    uint256 private constant MORE = 1 << 255;
    uint256 private constant ID_BITS = 20;
    uint256 private constant ID_MASK = (1 << ID_BITS) - 1;
    uint256 private constant X_SHIFT = 48;
    uint256 private constant X_MASK = (1 << 29) - 1;
    uint256 private constant Y_SHIFT = 20;
    uint256 private constant Y_MASK = (1 << 28) - 1;
    uint256 private constant CODE_SHIFT = 77;
    uint256 private constant SPATIAL_LEVELS = 15;
    uint256 private constant LEVELS = 20;
    uint256 private constant LEAF_FLAG = 0x80;
    uint256 private constant CODE_MASK = 0x7f;

    /// @dev Code of a node without a free slot; prices have codes 1 (price 0) to 97 (96 bits).
    uint256 internal constant FULL = 98;

    /// @dev Where the tree of a service starts: the smallest cell that has held all its nodes. One slot.
    struct Root {
        /// @dev The service's number, from 1; 0 = nobody ever offered it.
        uint16 number;
        uint24 nodes;
        uint8 code;
        bool isLeaf;
        uint8 level;
        uint80 prefix;
    }

    struct Query {
        uint256 cells;
        uint256 x;
        uint256 y;
        uint256 priceLimit;
        uint256 codeLimit;
        /// @dev Ids to leave out, 32 bits each.
        uint256 excluded;
        uint256 wanted;
        uint256 found;
        /// @dev A key must be below this to be kept.
        uint256 bound;
        /// @dev Entries whose distance was worked out or whose code was looked at.
        uint256 considered;
        /// @dev The best keys, ascending.
        uint256[] keys;
    }

    mapping(bytes32 service => Root) internal _roots;
    mapping(uint256 key => uint256) private _cells;

    /// @dev The exact price of a node: asked only when its code equals that of the limit.
    function _priceOf(uint256 id) internal view virtual returns (uint256);

    /// @dev The code of a price: 1 + its bit length.
    function _codeOf(uint256 price) internal pure returns (uint256 code) {
        return price == 0 ? 1 : Math.log2(price) + 2;
    }

    function _entryOf(uint256 id, uint256 x, uint256 y, uint256 code) internal pure returns (uint256) {
        return id | y << Y_SHIFT | x << X_SHIFT | code << CODE_SHIFT;
    }

    // --- search --------------------------------------------------------------------------------

    /// @dev The up to `wanted` nearest nodes that are free, cost at most `priceLimit` and are not excluded.
    function _nearest(Root memory root, uint256 x, uint256 y, uint256 priceLimit, uint256 excluded, uint256 wanted)
        internal
        view
        returns (Query memory query)
    {
        query.cells = uint256(root.number) << 96;
        (query.x, query.y, query.priceLimit, query.excluded, query.wanted) = (x, y, priceLimit, excluded, wanted);
        query.codeLimit = _codeOf(priceLimit);
        query.bound = type(uint256).max;
        query.keys = new uint256[](wanted);
        if (root.nodes == 0 || root.code > query.codeLimit) return query;
        if (root.isLeaf) {
            _scanLeaf(query, query.cells);
        } else {
            (uint256 x0, uint256 y0) = _originOf(root.level, root.prefix);
            _visit(query, root.level, root.prefix, x0, y0);
        }
    }

    /// @dev Looks through the children of a cell: first the one nearest to the point, which mostly rules out the others, then
    /// those
    /// that are left by the least distance they allow.
    function _visit(Query memory query, uint256 level, uint256 prefix, uint256 x0, uint256 y0) private view {
        uint256 children = _cells[query.cells | level << 88 | prefix << 8];
        if (level >= SPATIAL_LEVELS) return _visitIds(query, level, prefix, x0, y0, children);
        unchecked {
            uint256 shift = 28 - 2 * level;
            uint256 home = _partOf(query.x, x0, shift) | _partOf(query.y, y0, shift) << 2;
            uint256 child = children >> (home << 3) & 0xff;
            if ((child & CODE_MASK) - 1 < query.codeLimit) {
                _enter(query, level, prefix, x0, y0, child & LEAF_FLAG | home);
                children &= ~(0xff << (home << 3));
            }
            if (children == 0) return;
            uint256 memoryTop;
            assembly ("memory-safe") {
                memoryTop := mload(0x40)
            }
            (uint256[16] memory order, uint256 count) = _orderOf(query, children, 1 << shift, x0, y0);
            for (uint256 index = 0; index < count; index++) {
                child = order[index];
                if ((child >> 8) << ID_BITS >= query.bound) break;
                _enter(query, level, prefix, x0, y0, child & 0xff);
            }
            // Nothing above outlives the visit but what is in the query: the memory is used again.
            assembly ("memory-safe") {
                mstore(0x40, memoryTop)
            }
        }
    }

    /// @dev Goes into one child (leaf flag | nibble) of a spatial cell.
    function _enter(Query memory query, uint256 level, uint256 prefix, uint256 x0, uint256 y0, uint256 child) private view {
        unchecked {
            uint256 nibble = child & 15;
            uint256 below = prefix << 4 | nibble;
            if (child & LEAF_FLAG != 0) return _scanLeaf(query, query.cells | (level + 1) << 88 | below << 8);
            uint256 shift = 28 - 2 * level;
            _visit(query, level + 1, below, x0 + ((nibble & 3) << shift), y0 + ((nibble >> 2) << shift));
        }
    }

    /// @dev In which quarter of a cell's side a point lies; a point outside counts to the nearest.
    function _partOf(uint256 point, uint256 start, uint256 shift) private pure returns (uint256 part) {
        unchecked {
            if (point <= start) return 0;
            part = (point - start) >> shift;
            return part > 3 ? 3 : part;
        }
    }

    /// @dev The children that may hold an answer, by the least squared distance they allow: distance << 8 | leaf flag | nibble.
    function _orderOf(Query memory query, uint256 children, uint256 size, uint256 x0, uint256 y0)
        private
        pure
        returns (uint256[16] memory order, uint256 count)
    {
        unchecked {
            uint256 columns = _gaps(query.x, x0, size);
            uint256 rows = _gaps(query.y, y0, size);
            (uint256 codeLimit, uint256 bound) = (query.codeLimit, query.bound);
            for (uint256 nibble = 0; children != 0; nibble++) {
                uint256 child = children & 0xff;
                children >>= 8;
                // A code of 0 (no child) wraps round and is above every limit.
                if ((child & CODE_MASK) - 1 >= codeLimit) continue;
                uint256 distance =
                    (columns >> ((nibble & 3) << 6) & type(uint64).max) + (rows >> ((nibble >> 2) << 6) & type(uint64).max);
                if (distance << ID_BITS >= bound) continue;
                uint256 value = distance << 8 | child & LEAF_FLAG | nibble;
                uint256 place = count++;
                for (; place > 0 && order[place - 1] > value; place--) order[place] = order[place - 1];
                order[place] = value;
            }
        }
    }

    /// @dev Squared distance along one axis to each of the four parts of a cell, 64 bits each.
    function _gaps(uint256 point, uint256 start, uint256 size) private pure returns (uint256 packed) {
        unchecked {
            for (uint256 shift = 0; shift < 256; shift += 64) {
                if (point < start) {
                    packed |= (start - point) * (start - point) << shift;
                    start += size;
                } else {
                    start += size;
                    if (point >= start) packed |= (point - start + 1) * (point - start + 1) << shift;
                }
            }
        }
    }

    /// @dev A cell of one spot: its children differ by id alone and come in ascending order of id.
    function _visitIds(Query memory query, uint256 level, uint256 prefix, uint256 x0, uint256 y0, uint256 children) private view {
        unchecked {
            uint256 distance = _squaredDistance(query.x, query.y, x0, y0);
            for (uint256 nibble = 0; nibble < 16; nibble++) {
                uint256 child = children >> (nibble << 3) & 0xff;
                if ((child & CODE_MASK) - 1 >= query.codeLimit) continue;
                uint256 below = prefix << 4 | nibble;
                uint256 leastId = (below << (LEVELS - 1 - level) * 4) & ID_MASK;
                if ((distance << ID_BITS | leastId) >= query.bound) break;
                if (child & LEAF_FLAG != 0) _scanLeaf(query, query.cells | (level + 1) << 88 | below << 8);
                else _visit(query, level + 1, below, x0, y0);
            }
        }
    }

    function _scanLeaf(Query memory query, uint256 base) private view {
        unchecked {
            uint256 considered = query.considered;
            uint256 codeLimit = query.codeLimit;
            bool more = true;
            for (uint256 sub = 1; more; sub++) {
                uint256 slot = _cells[base | sub];
                more = slot & MORE != 0;
                for (slot &= ~MORE; slot != 0; slot >>= ENTRY_BITS) {
                    considered++;
                    uint256 entry = slot & ENTRY_MASK;
                    uint256 code = entry >> CODE_SHIFT;
                    if (code > codeLimit) continue;
                    uint256 id = entry & ID_MASK;
                    uint256 distance =
                        _squaredDistance(query.x, query.y, entry >> X_SHIFT & X_MASK, entry >> Y_SHIFT & Y_MASK);
                    uint256 key = distance << ID_BITS | id;
                    if (key >= query.bound) continue;
                    if (code == codeLimit && _priceOf(id) > query.priceLimit) continue;
                    if (query.excluded != 0 && _isExcluded(query.excluded, id)) continue;
                    _keep(query, key);
                }
            }
            query.considered = considered;
        }
    }

    function _keep(Query memory query, uint256 key) private pure {
        unchecked {
            uint256 wanted = query.wanted;
            uint256 place = query.found;
            if (place == wanted) place--;
            else query.found = place + 1;
            uint256[] memory keys = query.keys;
            for (; place > 0 && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
            keys[place] = key;
            if (query.found == wanted) query.bound = keys[wanted - 1];
        }
    }

    function _isExcluded(uint256 excluded, uint256 id) internal pure returns (bool) {
        for (; excluded != 0; excluded >>= 32) if (excluded & type(uint32).max == id) return true;
        return false;
    }

    function _squaredDistance(uint256 x, uint256 y, uint256 atX, uint256 atY) internal pure returns (uint256) {
        unchecked {
            uint256 dx = x > atX ? x - atX : atX - x;
            uint256 dy = y > atY ? y - atY : atY - y;
            return dx * dx + dy * dy;
        }
    }

    // --- changes -------------------------------------------------------------------------------

    function _indexInsert(Root storage stored, uint256 entry) internal {
        Root memory root = stored;
        uint256 path = _pathOf(entry);
        uint256 code = entry >> CODE_SHIFT;
        uint256 cells = uint256(root.number) << 96;
        if (root.nodes == 0) (root.isLeaf, root.code, root.level, root.prefix) = (true, uint8(FULL), 0, 0);
        if (root.isLeaf) {
            (uint256[] memory entries, uint256 count) = _loadLeaf(cells);
            entries[count++] = entry;
            if (count <= LEAF_ENTRIES) {
                _storeLeaf(cells, entries, count);
            } else {
                _storeLeaf(cells, entries, 0);
                root.isLeaf = false;
                root.level = uint8(_commonLevel(entries, count));
                root.prefix = uint80(path >> 4 * (LEVELS - root.level));
                for (uint256 index = 0; index < count; index++) {
                    _insertBelow(cells, root.level, _pathOf(entries[index]), entries[index]);
                }
            }
        } else {
            _growTo(root, cells, path);
            _insertBelow(cells, root.level, path, entry);
        }
        root.nodes++;
        if (code < root.code) root.code = uint8(code);
        _store(stored, root);
    }

    function _indexRemove(Root storage stored, uint256 entry) internal {
        Root memory root = stored;
        root.code = uint8(_editRoot(root, entry, 0));
        root.nodes--;
        if (root.nodes == 0) root.code = uint8(FULL);
        _store(stored, root);
    }

    /// @dev Gives the node of `entry` the entry's code.
    function _indexRecode(Root storage stored, uint256 entry) internal {
        Root memory root = stored;
        uint256 code = _editRoot(root, entry, entry >> CODE_SHIFT);
        if (code == root.code) return;
        root.code = uint8(code);
        _store(stored, root);
    }

    function _store(Root storage stored, Root memory root) private {
        (stored.number, stored.nodes, stored.code, stored.isLeaf, stored.level, stored.prefix) =
            (root.number, root.nodes, root.code, root.isLeaf, root.level, root.prefix);
    }

    /// @dev Puts the root high enough for `path`: a chain of cells with one child each leads down to the old root.
    function _growTo(Root memory root, uint256 cells, uint256 path) private {
        (uint256 level, uint256 prefix) = (root.level, root.prefix);
        while (path >> 4 * (LEVELS - level) != prefix) {
            uint256 nibble = prefix & 15;
            prefix >>= 4;
            level--;
            _cells[cells | level << 88 | prefix << 8] = uint256(root.code) << (nibble << 3);
        }
        (root.level, root.prefix) = (uint8(level), uint80(prefix));
    }

    function _insertBelow(uint256 cells, uint256 level, uint256 path, uint256 entry) private {
        uint256 cell = cells | level << 88 | (path >> 4 * (LEVELS - level)) << 8;
        uint256 below = cells | (level + 1) << 88 | (path >> 4 * (LEVELS - 1 - level)) << 8;
        uint256 shift = (path >> 4 * (LEVELS - 1 - level) & 15) << 3;
        uint256 children = _cells[cell];
        uint256 child = children >> shift & 0xff;
        uint256 code = entry >> CODE_SHIFT;
        uint256 flag = LEAF_FLAG;
        if (child == 0) {
            _cells[below | 1] = entry;
        } else if (child & LEAF_FLAG != 0) {
            (uint256[] memory entries, uint256 count) = _loadLeaf(below);
            entries[count++] = entry;
            if (count <= LEAF_ENTRIES) {
                _storeLeaf(below, entries, count);
            } else {
                _storeLeaf(below, entries, 0);
                for (uint256 index = 0; index < count; index++) {
                    _insertBelow(cells, level + 1, _pathOf(entries[index]), entries[index]);
                }
                flag = 0;
            }
        } else {
            _insertBelow(cells, level + 1, path, entry);
            flag = 0;
        }
        if (child != 0 && child & CODE_MASK < code) code = child & CODE_MASK;
        uint256 changed = children & ~(0xff << shift) | (flag | code) << shift;
        if (changed != children) _cells[cell] = changed;
    }

    function _editRoot(Root memory root, uint256 entry, uint256 code) private returns (uint256) {
        uint256 cells = uint256(root.number) << 96;
        if (root.isLeaf) return _editLeaf(cells, entry & ID_MASK, code);
        return _editBelow(cells, root.level, _pathOf(entry), code);
    }

    /// @dev Recodes (code > 0) or removes (code = 0) the node at the end of `path`; returns the cell's code, 0 when nothing is
    /// left.
    function _editBelow(uint256 cells, uint256 level, uint256 path, uint256 code) private returns (uint256 least) {
        uint256 cell = cells | level << 88 | (path >> 4 * (LEVELS - level)) << 8;
        uint256 shift = (path >> 4 * (LEVELS - 1 - level) & 15) << 3;
        uint256 children = _cells[cell];
        uint256 flag = children >> shift & LEAF_FLAG;
        uint256 below = flag == 0
            ? _editBelow(cells, level + 1, path, code)
            : _editLeaf(cells | (level + 1) << 88 | (path >> 4 * (LEVELS - 1 - level)) << 8, path & ID_MASK, code);
        uint256 changed = children & ~(0xff << shift);
        if (below != 0) changed |= (flag | below) << shift;
        if (changed != children) _cells[cell] = changed;
        for (; changed != 0; changed >>= 8) {
            uint256 other = changed & CODE_MASK;
            if (other != 0 && (least == 0 || other < least)) least = other;
        }
    }

    function _editLeaf(uint256 base, uint256 id, uint256 code) private returns (uint256 least) {
        (uint256[] memory entries, uint256 count) = _loadLeaf(base);
        uint256 place = 0;
        while (entries[place] & ID_MASK != id) place++;
        if (code == 0) entries[place] = entries[--count];
        else entries[place] = entries[place] & ~(CODE_MASK << CODE_SHIFT) | code << CODE_SHIFT;
        _storeLeaf(base, entries, count);
        for (uint256 index = 0; index < count; index++) {
            uint256 other = entries[index] >> CODE_SHIFT;
            if (least == 0 || other < least) least = other;
        }
    }

    /// @dev The entries of a leaf, with room for one more.
    function _loadLeaf(uint256 base) private view returns (uint256[] memory entries, uint256 count) {
        entries = new uint256[](LEAF_ENTRIES + 1);
        bool more = true;
        for (uint256 sub = 1; more; sub++) {
            uint256 slot = _cells[base | sub];
            more = slot & MORE != 0;
            for (slot &= ~MORE; slot != 0; slot >>= ENTRY_BITS) entries[count++] = slot & ENTRY_MASK;
        }
    }

    /// @dev Writes the slots that changed and clears those that are no longer used.
    function _storeLeaf(uint256 base, uint256[] memory entries, uint256 count) private {
        for (uint256 sub = 0; sub < LEAF_SLOTS; sub++) {
            uint256 slot = 0;
            for (uint256 part = 0; part < 3 && sub * 3 + part < count; part++) {
                slot |= entries[sub * 3 + part] << (part * ENTRY_BITS);
            }
            if (count > sub * 3 + 3) slot |= MORE;
            if (_cells[base | sub + 1] != slot) _cells[base | sub + 1] = slot;
        }
    }

    /// @dev How many leading nibbles all these nodes share.
    function _commonLevel(uint256[] memory entries, uint256 count) private pure returns (uint256 level) {
        uint256 first = _pathOf(entries[0]);
        uint256 different = 0;
        for (uint256 index = 1; index < count; index++) different |= first ^ _pathOf(entries[index]);
        level = LEVELS;
        for (; different != 0; different >>= 4) level--;
    }

    function _pathOf(uint256 entry) private pure returns (uint256 path) {
        unchecked {
            (uint256 x, uint256 y) = (entry >> X_SHIFT & X_MASK, entry >> Y_SHIFT & Y_MASK);
            for (uint256 shift = 30; shift > 0;) {
                shift -= 2;
                path = path << 4 | (y >> shift & 3) << 2 | x >> shift & 3;
            }
            return path << ID_BITS | entry & ID_MASK;
        }
    }

    /// @dev The least corner of a cell.
    function _originOf(uint256 level, uint256 prefix) private pure returns (uint256 x, uint256 y) {
        unchecked {
            for (uint256 depth = 0; depth < level && depth < SPATIAL_LEVELS; depth++) {
                uint256 nibble = prefix >> 4 * (level - 1 - depth);
                x |= (nibble & 3) << (28 - 2 * depth);
                y |= (nibble >> 2 & 3) << (28 - 2 * depth);
            }
        }
    }
}
