// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LaneControl} from "./LaneControl.sol";
import {LaneTree} from "./LaneTree.sol";

/// @title What gateways file with the federal ledger
/// @notice Gateways of a ledger (L_f) file, at every so many heights, its block's hash and the Merkle root of its lanes. Groups of oracles
/// compare what they observe with it. What one gateway files others confirm or contradict; a contradiction blocks the ledger's
/// lanes for all who ask here, until the federal companies have decided. Source: paper IV-B (L_f files the request with the
/// FBC); heights in step, confirmations, contradiction: ours.
contract FederalFile {
    /// @notice Different filings of one height that are kept.
    uint256 public constant VARIANTS_MAX = 8;
    /// @notice Companies of one ledger: their confirmations are bits of a word.
    uint256 public constant COMPANIES_MAX = 100;

    struct LedgerInit {
        uint256 chainId;
        /// @dev Heights that are multiples of this are filed, and no others: so that all gateways speak about the same ones.
        uint32 interval;
        /// @dev The companies, as accounts of this ledger, that run it; ascending.
        address[] companies;
    }

    struct Ledger {
        uint32 interval;
        uint64 lastHeight;
        uint64 lastFiledAt;
        /// @dev Heights that are contradicted and not resolved: with any, the ledger is blocked.
        uint32 contradictions;
        address[] companies;
    }

    struct Filing {
        bytes32 blockHash;
        bytes32 lanesRoot;
        uint64 lanes;
        uint64 filedAt;
        address gateway;
        /// @dev Bit i: a gateway of company i of the ledger filed this.
        uint256 companies;
    }

    event LedgerSet(uint256 indexed chainId, uint32 interval, address[] companies);
    event GatewaySet(uint256 indexed chainId, address indexed gateway, address indexed company, bool serves);
    event Filed(
        uint256 indexed chainId,
        uint64 indexed height,
        address indexed gateway,
        bytes32 blockHash,
        bytes32 lanesRoot,
        uint64 lanes,
        uint256 confirmations
    );
    /// @notice Two gateways said different things of one height.
    event Contradicted(uint256 indexed chainId, uint64 indexed height, address gateway, address otherGateway);
    event Resolved(uint256 indexed chainId, uint64 indexed height, bytes32 blockHash, bytes32 lanesRoot);

    error OnlyControl(address caller);
    error InvalidLedger(uint256 chainId);
    error UnknownLedger(uint256 chainId);
    error NotItsCompany(uint256 chainId, address account);
    error NotAGateway(uint256 chainId, address account);
    error NotThatHeight(uint64 height, uint32 interval);
    error AlreadyFiled(uint256 chainId, uint64 height, address company);
    error TooManyVariants(uint256 atMost);
    error NothingFiled(uint256 chainId, uint64 height);
    error NotContradicted(uint256 chainId, uint64 height);

    LaneControl public immutable control;
    mapping(uint256 chainId => Ledger) private _ledgers;
    /// @dev The company that a gateway files for.
    mapping(uint256 chainId => mapping(address gateway => address)) public companyOf;
    mapping(uint256 chainId => mapping(uint64 height => Filing[])) private _filings;
    mapping(uint256 chainId => mapping(uint64 height => uint256)) private _heard;

    constructor(LaneControl control_, LedgerInit[] memory ledgers) {
        control = control_;
        for (uint256 index = 0; index < ledgers.length; index++) _setLedger(ledgers[index]);
    }

    // --- who files -----------------------------------------------------------------------------

    /// @notice The federal companies say which companies run a ledger. Filings stay; confirmations count by position in the list, so
    /// companies are appended, and one that left keeps its place with an account that has no gateway.
    function setLedger(LedgerInit calldata init) external {
        if (msg.sender != address(control)) revert OnlyControl(msg.sender);
        _setLedger(init);
    }

    /// @notice A company of a ledger names an account that files for it, or takes the name back.
    function setGateway(uint256 chainId, address gateway, bool serves) external {
        _positionOf(chainId, msg.sender);
        address known = companyOf[chainId][gateway];
        if (known != address(0) && known != msg.sender) revert NotItsCompany(chainId, msg.sender);
        companyOf[chainId][gateway] = serves ? msg.sender : address(0);
        emit GatewaySet(chainId, gateway, msg.sender, serves);
    }

    // --- filing --------------------------------------------------------------------------------

    /// @notice Files a height; once for each company. The first filing of a height stands until it is contradicted; equal ones confirm it.
    /// @param lanesRoot root over `laneLeaf`s of all lanes that leave the ledger, ascending by destination, as LaneTree makes it
    function file(uint256 chainId, uint64 height, bytes32 blockHash, bytes32 lanesRoot, uint64 lanes) external {
        address company = gatewayCompany(chainId, msg.sender);
        if (company == address(0)) revert NotAGateway(chainId, msg.sender);
        Ledger storage ledger = _ledgers[chainId];
        if (height == 0 || height % ledger.interval != 0) revert NotThatHeight(height, ledger.interval);
        uint256 bit = 1 << _positionOf(chainId, company);
        if (_heard[chainId][height] & bit != 0) revert AlreadyFiled(chainId, height, company);
        _heard[chainId][height] |= bit;
        Filing[] storage variants = _filings[chainId][height];
        uint256 position = _variantOf(variants, blockHash, lanesRoot, lanes);
        if (position == variants.length) {
            if (position == VARIANTS_MAX) revert TooManyVariants(VARIANTS_MAX);
            variants.push(Filing(blockHash, lanesRoot, lanes, uint64(block.timestamp), msg.sender, 0));
            if (position == 1) ledger.contradictions++;
            if (position > 0) {
                emit Contradicted(chainId, height, variants[0].gateway, msg.sender);
            }
        }
        variants[position].companies |= bit;
        if (height > ledger.lastHeight) ledger.lastHeight = height;
        ledger.lastFiledAt = uint64(block.timestamp);
        emit Filed(chainId, height, msg.sender, blockHash, lanesRoot, lanes, _ones(variants[position].companies));
    }

    /// @notice The federal companies say which filing of a contradicted height is right. The others are dropped.
    function resolve(uint256 chainId, uint64 height, uint256 variant) external {
        if (msg.sender != address(control)) revert OnlyControl(msg.sender);
        Filing[] storage variants = _filings[chainId][height];
        if (variants.length < 2 || variant >= variants.length) revert NotContradicted(chainId, height);
        Filing memory right = variants[variant];
        variants[0] = right;
        while (variants.length > 1) variants.pop();
        _ledgers[chainId].contradictions--;
        emit Resolved(chainId, height, right.blockHash, right.lanesRoot);
    }

    // --- reads, for groups of oracles ----------------------------------------------------------

    function ledgerOf(uint256 chainId) external view returns (Ledger memory) {
        return _ledgerAt(chainId);
    }

    /// @notice What was filed of a height: one, or several that contradict each other.
    function filingsOf(uint256 chainId, uint64 height) external view returns (Filing[] memory) {
        return _filings[chainId][height];
    }

    /// @notice The one filing of a height, how many of the ledger's companies filed it, and how many make sure that one honest did.
    /// Usable: enough companies did, nobody contradicts, and the ledger is not blocked.
    function standing(uint256 chainId, uint64 height)
        external
        view
        returns (Filing memory filing, uint256 confirmations, uint256 wanted, bool usable)
    {
        Ledger storage ledger = _ledgerAt(chainId);
        Filing[] storage variants = _filings[chainId][height];
        if (variants.length == 0) revert NothingFiled(chainId, height);
        filing = variants[0];
        confirmations = _ones(filing.companies);
        wanted = (ledger.companies.length - 1) / 3 + 1;
        usable = confirmations >= wanted && variants.length == 1 && ledger.contradictions == 0;
    }

    /// @notice Whether a lane with this root is in the one filing of a height.
    function includes(
        uint256 chainId,
        uint64 height,
        uint256 destination,
        uint64 size,
        bytes32 root,
        uint64 index,
        bytes32[] calldata proof
    ) external view returns (bool) {
        Filing[] storage variants = _filings[chainId][height];
        if (variants.length != 1 || _ledgerAt(chainId).contradictions != 0) return false;
        bytes32 leaf = laneLeaf(chainId, destination, size, root);
        return LaneTree.contains(variants[0].lanesRoot, variants[0].lanes, index, leaf, proof);
    }

    /// @notice What stands for a lane in the tree that is filed.
    function laneLeaf(uint256 chainId, uint256 destination, uint64 size, bytes32 root) public pure returns (bytes32) {
        return keccak256(abi.encode(chainId, destination, size, root));
    }

    /// @notice The company that an account files for: the one that named it, or itself. Zero = it does not file.
    function gatewayCompany(uint256 chainId, address account) public view returns (address company) {
        company = companyOf[chainId][account];
        if (company == address(0)) company = account;
        (bool found,) = _find(chainId, company);
        if (!found) return address(0);
    }

    // --- inside --------------------------------------------------------------------------------

    function _setLedger(LedgerInit memory init) private {
        uint256 count = init.companies.length;
        bool valid = init.chainId != 0 && init.interval > 0 && count > 0 && count <= COMPANIES_MAX;
        if (!valid) revert InvalidLedger(init.chainId);
        Ledger storage ledger = _ledgers[init.chainId];
        // Confirmations are bits by position, so places are kept.
        uint256 before = ledger.companies.length;
        if (count < before) revert InvalidLedger(init.chainId);
        (ledger.interval, ledger.companies) = (init.interval, init.companies);
        emit LedgerSet(init.chainId, init.interval, init.companies);
    }

    function _ledgerAt(uint256 chainId) private view returns (Ledger storage ledger) {
        ledger = _ledgers[chainId];
        if (ledger.interval == 0) revert UnknownLedger(chainId);
    }

    function _find(uint256 chainId, address company) private view returns (bool, uint256) {
        address[] storage companies = _ledgers[chainId].companies;
        for (uint256 index = 0; index < companies.length; index++) {
            if (companies[index] == company) return (true, index);
        }
        return (false, 0);
    }

    function _positionOf(uint256 chainId, address company) private view returns (uint256) {
        _ledgerAt(chainId);
        (bool found, uint256 position) = _find(chainId, company);
        if (!found) revert NotItsCompany(chainId, company);
        return position;
    }

    function _variantOf(Filing[] storage variants, bytes32 blockHash, bytes32 lanesRoot, uint64 lanes)
        private
        view
        returns (uint256 position)
    {
        for (; position < variants.length; position++) {
            Filing storage one = variants[position];
            if (one.blockHash == blockHash && one.lanesRoot == lanesRoot && one.lanes == lanes) return position;
        }
    }

    function _ones(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) count++;
    }
}
