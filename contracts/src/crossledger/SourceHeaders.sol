// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {CrossLedger} from "./CrossLedger.sol";
import {LaneControl} from "./LaneControl.sol";

/// @title Light clients of other ledgers
/// @notice For each other ledger the latest header that was believed, and who seals the height after it. A header is believed when a
/// quorum of the sealers of its height signed it, and one of them at least can be relied on to be honest: either these are the
/// sealers that the last believed header names, or more than a third of those are among the signers and the parent header
/// names the sealers of the height. Source: ours; the paper believes the oracle's group alone.
/// @dev Of sealers only the hash is kept; callers show the list. Headers are those of docs/reference/consensus.md: 21 fields of
/// Ethereum, the extra data names the sealers of the next height.
contract SourceHeaders {
    using Memory for Memory.Slice;
    using RLP for Memory.Slice;

    /// @notice The clock of another ledger may be ahead of ours by so much.
    uint256 public constant CLOCK_DRIFT_SECONDS = 10 minutes;
    uint256 public constant SEALERS_MAX = 100;
    uint256 public constant TRUSTING_SECONDS_MIN = 1 hours;
    uint256 private constant HEADER_FIELDS = 21;
    /// @dev Slots of the Outbox.
    uint256 private constant HEADS_SLOT = 0;
    uint256 private constant CHAIN_ID_SLOT = 1;

    struct LedgerInit {
        uint256 chainId;
        /// @dev What its consensus signatures cover; zero = to be introduced.
        bytes32 domain;
        /// @dev A height, and who seals the one after it; genesis: 0 and the sealers of its file.
        uint64 height;
        uint64 timestamp;
        /// @dev How long sealers are believed after the header that names them: less than the time in which one who left could
        /// be made to answer for a forged header.
        uint32 trustingSeconds;
        address[] sealers;
    }

    struct Ledger {
        bytes32 domain;
        bytes32 sealersHash;
        /// @dev Zero when only height and sealers are known.
        bytes32 hash;
        uint64 height;
        /// @dev Of the header, seconds since the epoch.
        uint64 timestamp;
        uint32 trustingSeconds;
        bool frozen;
    }

    /// @notice A header and why to believe it.
    struct Evidence {
        bytes header;
        /// @dev The header before it; empty when the last believed one is that.
        bytes parent;
        /// @dev The sealers that the last believed header names.
        address[] trusted;
        uint64 round;
        /// @dev Commit signatures, 65 bytes each (r, s, 0 or 1), ascending by signer.
        bytes signatures;
    }

    /// @notice What the storage of the source holds of a lane, and the trie nodes that lead there.
    struct LaneProof {
        uint64 size;
        bytes32 root;
        bytes[] account;
        bytes[] slot;
    }

    struct Header {
        bytes32 hash;
        bytes32 parentHash;
        bytes32 stateRoot;
        uint64 height;
        uint64 timestamp;
        address[] nextSealers;
    }

    event LedgerSet(uint256 indexed chainId, bytes32 domain, uint64 height, address[] sealers);
    event Introduced(uint256 indexed chainId, bytes32 domain);
    event Advanced(uint256 indexed chainId, uint64 indexed height, bytes32 hash, bytes32 sealersHash);
    /// @notice Two headers of one height were signed: the ledger is not believed any more, until the companies set it anew.
    event Forked(uint256 indexed chainId, uint64 indexed height, bytes32 hash, bytes32 otherHash);

    error OnlyControl(address caller);
    error InvalidLedger(uint256 chainId);
    error UnknownLedger(uint256 chainId);
    error NotIntroduced(uint256 chainId);
    error AlreadyIntroduced(uint256 chainId);
    error LedgerFrozen(uint256 chainId);
    error TrustExpired(uint256 chainId, uint256 since);
    error HeaderTooOld(uint64 height, uint64 known);
    error HeaderFromTheFuture(uint64 timestamp);
    error TimeGoesBack(uint64 timestamp, uint64 known);
    error OtherHeader(uint64 height);
    error BadHeader();
    error NotTheParent();
    error NotTheTrusted();
    error BadSignatures();
    error NotASealer(address signer, uint256 position);
    error NoQuorum(uint256 signers, uint256 atLeast);
    error TooFewTrusted(uint256 signers, uint256 atLeast);
    error NotInState();
    error NoFork();

    LaneControl public immutable control;
    /// @notice Where the Outbox stands, here and on every other ledger.
    address public immutable outbox;
    mapping(uint256 chainId => Ledger) private _ledgers;

    constructor(LaneControl control_, address outbox_, LedgerInit[] memory ledgers) {
        control = control_;
        outbox = outbox_;
        for (uint256 index = 0; index < ledgers.length; index++) _setLedger(ledgers[index]);
    }

    // --- what the companies decide -------------------------------------------------------------

    /// @notice Begins to believe a ledger, or begins anew: after a fork, or when the trusting period is over.
    function setLedger(LedgerInit calldata init) external {
        if (msg.sender != address(control)) revert OnlyControl(msg.sender);
        _setLedger(init);
    }

    // --- headers -------------------------------------------------------------------------------

    /// @notice Learns what the signatures of a ledger cover. Two genesis files cannot name one another's hash, so where genesis left
    /// it open anyone shows it once: by a header that the known sealers signed under it, in whose state the Outbox says that
    /// it is on this chain.
    function introduce(
        uint256 chainId,
        bytes32 domain,
        Evidence calldata evidence,
        bytes[] calldata account,
        bytes[] calldata slot
    ) external {
        Ledger storage ledger = _ledgerAt(chainId);
        if (ledger.domain != 0 || domain == 0) revert AlreadyIntroduced(chainId);
        ledger.domain = domain;
        Header memory header = _advance(chainId, ledger, evidence);
        bytes32 told = _slotOf(header.stateRoot, account, bytes32(CHAIN_ID_SLOT), slot);
        if (uint256(told) != chainId) revert NotInState();
        emit Introduced(chainId, domain);
    }

    /// @notice Goes on to a later header; anyone may. Where more than two thirds of the sealers changed, headers in between are needed.
    function advance(uint256 chainId, Evidence calldata evidence) external {
        _advance(chainId, _introduced(chainId), evidence);
    }

    /// @notice Proves what a ledger's Outbox keeps of a lane; anyone may. Goes on to the header, if that is later; for the present one
    /// parent and signatures may be empty.
    function proveLane(uint256 chainId, uint256 destination, Evidence calldata evidence, LaneProof calldata proof)
        external
        returns (uint64 height, bytes32 hash)
    {
        Ledger storage ledger = _introduced(chainId);
        Header memory header;
        if (ledger.hash != 0 && keccak256(evidence.header) == ledger.hash) {
            if (ledger.frozen) revert LedgerFrozen(chainId);
            _requireTrusting(chainId, ledger);
            header = _decode(evidence.header);
        } else {
            header = _advance(chainId, ledger, evidence);
        }
        bytes32 slot = keccak256(abi.encode(destination, HEADS_SLOT));
        bytes32 head = _slotOf(header.stateRoot, proof.account, slot, proof.slot);
        if (head != CrossLedger.head(chainId, destination, proof.size, proof.root)) revert NotInState();
        return (header.height, header.hash);
    }

    /// @notice Shows a second signed header of the present height: the ledger is frozen. To show two of a later height, `advance` to
    /// one of them first.
    function reportFork(uint256 chainId, Evidence calldata evidence) external {
        Ledger storage ledger = _introduced(chainId);
        Header memory header = _decode(evidence.header);
        if (ledger.hash == 0 || header.height != ledger.height || header.hash == ledger.hash) revert NoFork();
        _requireTrusting(chainId, ledger);
        if (evidence.parent.length == 0) revert NotTheParent();
        _verify(ledger, header, evidence);
        ledger.frozen = true;
        emit Forked(chainId, header.height, ledger.hash, header.hash);
    }

    // --- reads ---------------------------------------------------------------------------------

    function ledgerOf(uint256 chainId) external view returns (Ledger memory) {
        return _ledgerAt(chainId);
    }

    /// @notice How sealers are hashed: their addresses one after the other, 32 bytes each.
    function sealersHashOf(address[] calldata sealers) external pure returns (bytes32) {
        return _hashOf(sealers);
    }

    // --- inside --------------------------------------------------------------------------------

    function _setLedger(LedgerInit memory init) private {
        uint256 count = init.sealers.length;
        bool valid = init.chainId != 0 && init.chainId != block.chainid && count > 0 && count <= SEALERS_MAX
            && init.trustingSeconds >= TRUSTING_SECONDS_MIN && init.timestamp <= block.timestamp + CLOCK_DRIFT_SECONDS;
        for (uint256 index = 1; index < count && valid; index++) valid = init.sealers[index - 1] < init.sealers[index];
        if (!valid) revert InvalidLedger(init.chainId);
        _ledgers[init.chainId] = Ledger({
            domain: init.domain,
            sealersHash: _hashOf(init.sealers),
            hash: 0,
            height: init.height,
            timestamp: init.timestamp,
            trustingSeconds: init.trustingSeconds,
            frozen: false
        });
        emit LedgerSet(init.chainId, init.domain, init.height, init.sealers);
    }

    function _ledgerAt(uint256 chainId) private view returns (Ledger storage ledger) {
        ledger = _ledgers[chainId];
        if (ledger.sealersHash == 0) revert UnknownLedger(chainId);
    }

    function _introduced(uint256 chainId) private view returns (Ledger storage ledger) {
        ledger = _ledgerAt(chainId);
        if (ledger.domain == 0) revert NotIntroduced(chainId);
    }

    function _requireTrusting(uint256 chainId, Ledger storage ledger) private view {
        uint256 until = uint256(ledger.timestamp) + ledger.trustingSeconds;
        if (block.timestamp >= until) revert TrustExpired(chainId, until);
    }

    function _advance(uint256 chainId, Ledger storage ledger, Evidence calldata evidence)
        private
        returns (Header memory header)
    {
        if (ledger.frozen) revert LedgerFrozen(chainId);
        _requireTrusting(chainId, ledger);
        header = _decode(evidence.header);
        if (header.height <= ledger.height) revert HeaderTooOld(header.height, ledger.height);
        if (header.timestamp > block.timestamp + CLOCK_DRIFT_SECONDS) revert HeaderFromTheFuture(header.timestamp);
        if (header.timestamp < ledger.timestamp) revert TimeGoesBack(header.timestamp, ledger.timestamp);
        _verify(ledger, header, evidence);
        (ledger.hash, ledger.height, ledger.timestamp) = (header.hash, header.height, header.timestamp);
        ledger.sealersHash = _hashOf(header.nextSealers);
        emit Advanced(chainId, header.height, header.hash, ledger.sealersHash);
    }

    /// @dev That a quorum of the height's sealers signed the header, and, when those are known from the parent only, more than a
    /// third of the trusted ones: one of them is honest, so the header is one of that chain, its parent is its parent, and the
    /// sealers that the parent names are those of the height.
    function _verify(Ledger storage ledger, Header memory header, Evidence calldata evidence) private view {
        if (_hashOf(evidence.trusted) != ledger.sealersHash) revert NotTheTrusted();
        address[] memory sealers = evidence.trusted;
        if (evidence.parent.length > 0) {
            Header memory parent = _decode(evidence.parent);
            if (parent.hash != header.parentHash || parent.height + 1 != header.height) revert NotTheParent();
            sealers = parent.nextSealers;
        } else if (header.height != ledger.height + 1) {
            revert NotTheParent();
        }
        if (ledger.hash != 0 && header.height == ledger.height + 1 && header.parentHash != ledger.hash) revert NotTheParent();
        address[] memory signers =
            _signers(_commitDigest(ledger.domain, header, evidence.round), evidence.signatures);
        uint256 quorum = (2 * sealers.length) / 3 + 1;
        if (signers.length < quorum) revert NoQuorum(signers.length, quorum);
        _requireAmong(signers, sealers);
        uint256 known = _countAmong(signers, evidence.trusted);
        uint256 atLeast = (evidence.trusted.length - 1) / 3 + 1;
        if (known < atLeast) revert TooFewTrusted(known, atLeast);
    }

    function _commitDigest(bytes32 domain, Header memory header, uint64 round) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("treadle commit", domain, header.height, round, header.hash));
    }

    /// @dev Who signed; ascending, so nobody twice. At most `SEALERS_MAX`.
    function _signers(bytes32 digest, bytes calldata signatures) private pure returns (address[] memory signers) {
        uint256 count = signatures.length / 65;
        if (signatures.length % 65 != 0 || count > SEALERS_MAX) revert BadSignatures();
        signers = new address[](count);
        address last = address(0);
        for (uint256 index = 0; index < count; index++) {
            bytes calldata one = signatures[index * 65:(index + 1) * 65];
            last = ecrecover(digest, uint8(one[64]) + 27, bytes32(one[0:32]), bytes32(one[32:64]));
            // A signature that recovers to nobody gives zero, which is above nobody.
            if (last <= (index == 0 ? address(0) : signers[index - 1])) revert BadSignatures();
            signers[index] = last;
        }
    }

    /// @dev Both ascend.
    function _requireAmong(address[] memory signers, address[] memory sealers) private pure {
        uint256 position = 0;
        for (uint256 index = 0; index < signers.length; index++) {
            while (position < sealers.length && sealers[position] < signers[index]) position++;
            if (position == sealers.length || sealers[position] != signers[index]) revert NotASealer(signers[index], index);
        }
    }

    function _countAmong(address[] memory signers, address[] calldata sealers) private pure returns (uint256 count) {
        uint256 position = 0;
        for (uint256 index = 0; index < signers.length; index++) {
            while (position < sealers.length && sealers[position] < signers[index]) position++;
            if (position < sealers.length && sealers[position] == signers[index]) count++;
        }
    }

    function _decode(bytes calldata encoded) private pure returns (Header memory header) {
        bytes memory copy = encoded;
        Memory.Slice[] memory fields = RLP.decodeList(copy);
        if (fields.length != HEADER_FIELDS) revert BadHeader();
        header.hash = keccak256(copy);
        header.parentHash = fields[0].readBytes32();
        header.stateRoot = fields[3].readBytes32();
        header.height = _toUint64(fields[8].readUint256());
        header.timestamp = _toUint64(fields[11].readUint256());
        Memory.Slice[] memory extra = RLP.decodeList(fields[12].readBytes());
        if (extra.length != 3 || extra[0].readUint256() != 1) revert BadHeader();
        Memory.Slice[] memory sealers = extra[2].readList();
        if (sealers.length == 0 || sealers.length > SEALERS_MAX) revert BadHeader();
        header.nextSealers = new address[](sealers.length);
        for (uint256 index = 0; index < sealers.length; index++) {
            header.nextSealers[index] = sealers[index].readAddress();
            if (index > 0 && header.nextSealers[index - 1] >= header.nextSealers[index]) revert BadHeader();
        }
    }

    /// @dev What a slot of the Outbox holds in the state with this root.
    function _slotOf(bytes32 stateRoot, bytes[] calldata account, bytes32 slot, bytes[] calldata proof)
        private
        view
        returns (bytes32)
    {
        bytes memory found = TrieProof.traverse(stateRoot, _key(bytes32(bytes20(outbox)), 20), account);
        Memory.Slice[] memory parts = RLP.decodeList(found);
        if (parts.length != 4) revert NotInState();
        bytes memory value = TrieProof.traverse(parts[2].readBytes32(), _key(slot, 32), proof);
        return RLP.decodeBytes32(value);
    }

    function _key(bytes32 name, uint256 length) private pure returns (bytes memory) {
        bytes memory preimage = length == 20 ? abi.encodePacked(bytes20(name)) : abi.encodePacked(name);
        return abi.encodePacked(keccak256(preimage));
    }

    function _hashOf(address[] memory sealers) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(sealers));
    }

    function _toUint64(uint256 value) private pure returns (uint64) {
        if (value > type(uint64).max) revert BadHeader();
        return uint64(value);
    }
}
