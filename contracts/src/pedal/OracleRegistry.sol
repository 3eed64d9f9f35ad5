// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Consortium} from "../Consortium.sol";
import {Bls12381} from "./Bls12381.sol";
import {CompanyVote} from "./CompanyVote.sol";

/// @title Who works for the oracle, with which key and stake
/// @notice A member of the consortium, or an observer that a company certified, registers a BLS12-381 key with stake. What
/// changes during a term counts from the next one on, so the set of a term is fixed before anyone can know what its election
/// will be about.
contract OracleRegistry is CompanyVote {
    /// @notice A permutation of so many is still cheap, and a bitmap of signers is one word.
    uint256 public constant NODES_MAX = 128;
    /// @notice Two terms are within what BLOCKHASH reaches.
    uint256 public constant TERM_BLOCKS_MAX = 120;
    /// @notice Terms for which a stake stays after its node left: time for evidence.
    uint256 public constant EXIT_TERMS_MIN = 4;
    /// @notice What the reporter of an offence gets of a slashed stake, in parts of ten thousand.
    uint256 public constant REPORTER_SHARE = 2_000;
    uint256 public constant KEY_BYTES = 128;
    bytes32 public constant POSSESSION_TAG = keccak256("treadle.bls.possession.v1");

    enum Status {
        None,
        Active,
        Leaving,
        Gone
    }

    enum Offence {
        Silence,
        Equivocation
    }

    struct Config {
        uint96 minStakeWei;
        uint32 termBlocks;
        uint32 exitBlocks;
        /// @dev Nodes in the set that stand for one member, so that none of them fills it alone.
        uint16 nodesPerMember;
    }

    struct Node {
        address account;
        uint96 stakeWei;
        /// @dev Whom it counts for: itself when it is a member, or the company that certified it.
        address member;
        uint64 leftIn;
        Status status;
        bool inSet;
        /// @dev The 96 bytes of both coordinates, without padding.
        bytes32[3] key;
    }

    struct NodeView {
        uint32 id;
        address account;
        address member;
        Status status;
        /// @dev Whether it is in the set of the next term.
        bool inSet;
        uint96 stakeWei;
        /// @dev From this block on the stake can be withdrawn; 0 = it has not left.
        uint64 withdrawableFrom;
        bytes publicKey;
    }

    struct SetVersion {
        uint64 fromTerm;
        uint32[] ids;
    }

    event NodeRegistered(uint32 indexed id, address indexed account, address indexed member, bytes publicKey, uint256 stakeWei);
    event NodeLeft(uint32 indexed id, address indexed account, uint64 withdrawableFrom);
    event StakeAdded(uint32 indexed id, address indexed account, uint256 stakeWei);
    event StakeWithdrawn(uint32 indexed id, address indexed account, uint256 wei_);
    event Slashed(uint32 indexed id, address indexed account, address indexed reporter, uint256 wei_, Offence offence);
    /// @notice A node is in the set, or out of it, from this term on.
    event SetChanged(uint64 indexed fromTerm, uint32 indexed id, bool inSet);
    event Collected(address indexed account, uint256 wei_);
    event FundPaid(address indexed to, uint256 wei_);

    error InvalidConfig();
    error NotEligible(address account);
    error StillEligible(address account);
    error AlreadyRegistered(uint32 id);
    error UnknownNode(address account);
    error UnknownId(uint32 id);
    error NotActive(uint32 id, Status status);
    error StakeTooSmall(uint256 wei_, uint256 atLeast);
    error StakeTooLarge(uint256 wei_);
    error InvalidKey();
    error KeyInUse(uint32 id);
    error NoPossession();
    error TooManyNodes(uint256 atMost);
    error TooManyNodesOf(address member, uint256 atMost);
    error NotLeft(uint32 id);
    error TooEarly(uint64 withdrawableFrom);
    error OnlyPedal(address caller);
    error NothingOwed(address account);
    error FundTooSmall(uint256 fundWei);
    error TransferFailed(address to, uint256 wei_);

    address public immutable pedal;
    uint256 public immutable minStakeWei;
    uint256 public immutable termBlocks;
    uint256 public immutable exitBlocks;
    uint256 public immutable nodesPerMember;
    /// @notice What was taken from stakes and not given to reporters; the companies decide about it.
    uint256 public fundWei;
    mapping(address account => uint256 wei_) public owedTo;
    /// @notice The number of an account's present node; 0 = it has none.
    mapping(address account => uint32) public idOf;
    mapping(bytes32 keyHash => uint32 id) private _idOfKey;
    mapping(address member => uint256) private _inSetOf;
    Node[] private _nodes;
    SetVersion[] private _versions;

    constructor(Consortium consortium_, address pedal_, Config memory config) CompanyVote(consortium_) {
        if (pedal_ == address(0) || config.minStakeWei == 0 || config.nodesPerMember == 0) revert InvalidConfig();
        if (config.termBlocks < 8 || config.termBlocks > TERM_BLOCKS_MAX) revert InvalidConfig();
        if (config.exitBlocks < EXIT_TERMS_MIN * config.termBlocks) revert InvalidConfig();
        pedal = pedal_;
        minStakeWei = config.minStakeWei;
        termBlocks = config.termBlocks;
        exitBlocks = config.exitBlocks;
        nodesPerMember = config.nodesPerMember;
    }

    // --- coming and going ----------------------------------------------------------------------

    /// @notice Registers the caller with its key from the next term on.
    /// @param publicKey a point of G1 in EIP-2537 form, 128 bytes
    /// @param possession the key's signature over `possessionDigest(caller, publicKey)`, 256 bytes: without it a node could
    /// register a key made of the others' keys, and alone sign for all of them, or one that belongs to another
    function register(bytes calldata publicKey, bytes calldata possession) external payable returns (uint32 id) {
        if (idOf[msg.sender] != 0) revert AlreadyRegistered(idOf[msg.sender]);
        if (msg.value < minStakeWei) revert StakeTooSmall(msg.value, minStakeWei);
        if (msg.value > type(uint96).max) revert StakeTooLarge(msg.value);
        bytes32[3] memory key = _packKey(publicKey);
        bytes32 keyHash = keccak256(publicKey);
        if (_idOfKey[keyHash] != 0) revert KeyInUse(_idOfKey[keyHash]);
        if (!Bls12381.verify(publicKey, possessionDigest(msg.sender, publicKey), possession)) revert NoPossession();

        Node storage node = _nodes.push();
        id = uint32(_nodes.length);
        (node.account, node.stakeWei, node.status, node.key) = (msg.sender, uint96(msg.value), Status.Active, key);
        idOf[msg.sender] = id;
        _idOfKey[keyHash] = id;
        _enterSet(id, node);
        emit NodeRegistered(id, msg.sender, node.member, publicKey, msg.value);
    }

    /// @notice The caller leaves: out of the set from the next term on; the stake stays for `exitBlocks`.
    function resign() external {
        (uint32 id, Node storage node) = _mine();
        _leave(id, node);
    }

    /// @notice Makes a node leave whose account the consortium no longer knows as the member's that it stands for.
    function evict(uint32 id) external {
        Node storage node = _nodeAt(id);
        if (node.member == memberOf(node.account)) revert StillEligible(node.account);
        _leave(id, node);
    }

    /// @notice Pays out the stake of a node that left.
    function withdraw() external {
        (uint32 id, Node storage node) = _mine();
        if (node.status != Status.Leaving) revert NotLeft(id);
        uint64 from = uint64(node.leftIn + exitBlocks);
        if (block.number < from) revert TooEarly(from);
        uint256 stakeWei = node.stakeWei;
        (node.stakeWei, node.status) = (0, Status.Gone);
        delete idOf[msg.sender];
        emit StakeWithdrawn(id, msg.sender, stakeWei);
        _pay(msg.sender, stakeWei);
    }

    /// @notice Adds to the caller's stake; one that was slashed out of the set comes back when it is enough again.
    function topUp() external payable {
        (uint32 id, Node storage node) = _mine();
        if (node.status != Status.Active) revert NotActive(id, node.status);
        uint256 stakeWei = node.stakeWei + msg.value;
        if (stakeWei > type(uint96).max) revert StakeTooLarge(stakeWei);
        node.stakeWei = uint96(stakeWei);
        emit StakeAdded(id, msg.sender, stakeWei);
        if (!node.inSet && stakeWei >= minStakeWei) _enterSet(id, node);
    }

    // --- punishment and money ------------------------------------------------------------------

    /// @notice Takes up to so much of a stake; the reporter gets its share, the fund the rest. Below the least stake a node
    /// is out of the set from the next term on.
    function slash(uint32 id, uint256 atMostWei, address reporter, Offence offence) external returns (uint256 takenWei) {
        if (msg.sender != pedal) revert OnlyPedal(msg.sender);
        Node storage node = _nodeAt(id);
        takenWei = atMostWei < node.stakeWei ? atMostWei : node.stakeWei;
        node.stakeWei -= uint96(takenWei);
        uint256 rewardWei = (takenWei * REPORTER_SHARE) / 10_000;
        owedTo[reporter] += rewardWei;
        fundWei += takenWei - rewardWei;
        emit Slashed(id, node.account, reporter, takenWei, offence);
        if (node.inSet && node.stakeWei < minStakeWei) _leaveSet(id, node);
    }

    /// @notice Pays the caller what it is owed.
    function collect() external returns (uint256 paidWei) {
        paidWei = owedTo[msg.sender];
        if (paidWei == 0) revert NothingOwed(msg.sender);
        owedTo[msg.sender] = 0;
        emit Collected(msg.sender, paidWei);
        _pay(msg.sender, paidWei);
    }

    /// @notice The companies give from the fund.
    function payFund(address to, uint256 amountWei) external byVote {
        if (amountWei > fundWei) revert FundTooSmall(fundWei);
        fundWei -= amountWei;
        owedTo[to] += amountWei;
        emit FundPaid(to, amountWei);
    }

    // --- reads ---------------------------------------------------------------------------------

    /// @inheritdoc CompanyVote
    function governs(address target) public view override returns (bool) {
        return target == address(this) || target == pedal;
    }

    function currentTerm() public view returns (uint256) {
        return block.number / termBlocks;
    }

    /// @notice The numbers of the nodes of a term, in an order that everyone sees alike. Known from the term before on.
    function setOf(uint256 term) external view returns (uint32[] memory) {
        (bool found, uint256 index) = _versionOf(term);
        return found ? _versions[index].ids : new uint32[](0);
    }

    function setSizeOf(uint256 term) external view returns (uint256) {
        (bool found, uint256 index) = _versionOf(term);
        return found ? _versions[index].ids.length : 0;
    }

    function nodeCount() external view returns (uint256) {
        return _nodes.length;
    }

    function nodeAt(uint32 id) public view returns (NodeView memory) {
        Node storage node = _nodeAt(id);
        uint64 from = node.status == Status.Leaving ? uint64(node.leftIn + exitBlocks) : 0;
        return NodeView(id, node.account, node.member, node.status, node.inSet, node.stakeWei, from, _key(node));
    }

    /// @notice The nodes of the present term.
    function nodes() external view returns (NodeView[] memory list) {
        (bool found, uint256 version) = _versionOf(currentTerm());
        if (!found) return list;
        uint32[] memory ids = _versions[version].ids;
        list = new NodeView[](ids.length);
        for (uint256 index = 0; index < ids.length; index++) list[index] = nodeAt(ids[index]);
    }

    function accountOf(uint32 id) external view returns (address) {
        return _nodeAt(id).account;
    }

    function accountsOf(uint32[] calldata ids) external view returns (address[] memory accounts) {
        accounts = new address[](ids.length);
        for (uint256 index = 0; index < ids.length; index++) accounts[index] = _nodeAt(ids[index]).account;
    }

    /// @notice A public key in EIP-2537 form.
    function keyOf(uint32 id) external view returns (bytes memory) {
        return _key(_nodeAt(id));
    }

    /// @notice The sum of public keys: the key of what all of these nodes sign together.
    function commonKeyOf(uint32[] calldata ids) external view returns (bytes memory) {
        bytes[] memory keys = new bytes[](ids.length);
        for (uint256 index = 0; index < ids.length; index++) keys[index] = _key(_nodeAt(ids[index]));
        return Bls12381.sumG1(keys);
    }

    /// @notice The member an account may stand for: itself, or the company whose certificate it has; zero = none.
    function memberOf(address account) public view returns (address) {
        if (account == consortium.proxy() || consortium.isCompany(account)) return account;
        (Consortium.Standing standing,, address company) = consortium.standing(account);
        return standing == Consortium.Standing.Active ? company : address(0);
    }

    /// @notice What a key signs to prove that its owner registers it: bound to chain, contract, account and key.
    function possessionDigest(address account, bytes calldata publicKey) public view returns (bytes32) {
        return keccak256(abi.encode(POSSESSION_TAG, block.chainid, address(this), account, publicKey));
    }

    // --- inside --------------------------------------------------------------------------------

    function _mine() private view returns (uint32 id, Node storage node) {
        id = idOf[msg.sender];
        if (id == 0) revert UnknownNode(msg.sender);
        node = _nodes[id - 1];
    }

    function _nodeAt(uint32 id) private view returns (Node storage) {
        if (id == 0 || id > _nodes.length) revert UnknownId(id);
        return _nodes[id - 1];
    }

    /// @dev Searched from the end: the terms that matter are the present one and its neighbours.
    function _versionOf(uint256 term) private view returns (bool, uint256) {
        for (uint256 index = _versions.length; index > 0; index--) {
            if (_versions[index - 1].fromTerm <= term) return (true, index - 1);
        }
        return (false, 0);
    }

    function _leave(uint32 id, Node storage node) private {
        if (node.status != Status.Active) revert NotActive(id, node.status);
        (node.status, node.leftIn) = (Status.Leaving, uint64(block.number));
        if (node.inSet) _leaveSet(id, node);
        emit NodeLeft(id, node.account, uint64(block.number + exitBlocks));
    }

    function _enterSet(uint32 id, Node storage node) private {
        address member = memberOf(node.account);
        if (member == address(0)) revert NotEligible(node.account);
        if (_inSetOf[member] >= nodesPerMember) revert TooManyNodesOf(member, nodesPerMember);
        SetVersion storage next = _nextSet();
        if (next.ids.length >= NODES_MAX) revert TooManyNodes(NODES_MAX);
        next.ids.push(id);
        _inSetOf[member]++;
        (node.member, node.inSet) = (member, true);
        emit SetChanged(next.fromTerm, id, true);
    }

    function _leaveSet(uint32 id, Node storage node) private {
        SetVersion storage next = _nextSet();
        uint256 last = next.ids.length - 1;
        for (uint256 index = 0; index < last; index++) {
            if (next.ids[index] != id) continue;
            next.ids[index] = next.ids[last];
            break;
        }
        next.ids.pop();
        _inSetOf[node.member]--;
        node.inSet = false;
        emit SetChanged(next.fromTerm, id, false);
    }

    /// @dev The set of the next term, made from the last one by the first change of a term.
    function _nextSet() private returns (SetVersion storage next) {
        uint64 fromTerm = uint64(currentTerm() + 1);
        uint256 count = _versions.length;
        if (count > 0 && _versions[count - 1].fromTerm == fromTerm) return _versions[count - 1];
        next = _versions.push();
        next.fromTerm = fromTerm;
        if (count > 0) next.ids = _versions[count - 1].ids;
    }

    function _packKey(bytes calldata publicKey) private pure returns (bytes32[3] memory key) {
        if (publicKey.length != KEY_BYTES) revert InvalidKey();
        if (bytes16(publicKey[0:16]) != 0 || bytes16(publicKey[64:80]) != 0) revert InvalidKey();
        key[0] = bytes32(publicKey[16:48]);
        key[1] = bytes32(bytes.concat(publicKey[48:64], publicKey[80:96]));
        key[2] = bytes32(publicKey[96:128]);
        // The point at infinity would agree to everything.
        if (key[0] | key[1] | key[2] == 0) revert InvalidKey();
    }

    function _key(Node storage node) private view returns (bytes memory) {
        (bytes32 first, bytes32 second, bytes32 third) = (node.key[0], node.key[1], node.key[2]);
        return abi.encodePacked(bytes16(0), first, bytes16(second), bytes16(0), bytes16(second << 128), third);
    }

    function _pay(address to, uint256 wei_) private {
        (bool paid,) = to.call{value: wei_}("");
        if (!paid) revert TransferFailed(to, wei_);
    }
}
