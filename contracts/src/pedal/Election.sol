// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381} from "./Bls12381.sol";
import {OracleRegistry} from "./OracleRegistry.sol";
import {Permutation} from "./Permutation.sol";

/// @title Who leads the oracle in a term, and who works (FeElect)
/// @notice Time is cut into terms. In the first blocks of a term every node of its set may show its verifiable random number:
/// the hash of its BLS signature over `alphaOf(term)`. A number below the threshold makes a candidate, the smallest one leads.
/// Without a candidate the turn decides: number `term mod n` of the set. The working group is the front of a permutation of the
/// set, keyed by the smallest number (or by a hash of alpha), without the master.
///
/// What this is worth. Assume that BLS signatures are unforgeable and unique, keccak256 is a random oracle, and the proposer of
/// the last block before a term does not collude with a node of the set. Then
/// (1) before that block nobody knows anything about alpha, and until a candidate shows its number nobody but itself can tell
/// better than by guessing whether it will be one: each node is with probability k/n, independently of the others;
/// (2) nobody can choose: a key has one signature for alpha, keys are fixed before alpha is, and the number is its hash;
/// (3) a candidate can only withhold. That hands the term to the next smallest number or to the turn, and makes for the next
/// alpha one of two values of which neither is known before the hash of the block before that term.
/// Who proposes that block can try hashes by what it puts into it, and so choose among the numbers of keys it holds itself,
/// or that nodes it colludes with tell it; of the others' numbers it learns nothing. With f of n proposers that may happen in
/// f of n terms.
/// Not hidden: a term without a candidate (probability (1 - k/n)^n) has the master whose turn it is, which everyone knows long
/// before; and once a number is shown, master and group of that term are public. A quorum of any group of s still needs more
/// than 2s/3 signatures, so leading gives the power to delay and to choose the moment, not to choose a result.
abstract contract Election {
    /// @notice Candidates that are kept, smallest first: who is above them would lead only after so many silent ones.
    uint256 public constant CANDIDATES_MAX = 8;
    bytes32 public constant ALPHA_TAG = keccak256("treadle.pedal.alpha.v1");
    bytes32 public constant FALLBACK_TAG = keccak256("treadle.pedal.fallback.v1");

    struct ElectionConfig {
        /// @dev Blocks of a term in which candidates come forward; nobody leads until they are over.
        uint32 electBlocks;
        /// @dev Candidates to be expected in a term.
        uint32 expectedWinners;
    }

    struct Candidate {
        uint32 id;
        bytes32 beta;
    }

    struct Term {
        bytes32 alpha;
        /// @dev What the next term's alpha is made of; 0 = nobody showed a number.
        bytes32 seed;
        /// @dev The last term before this one that had been opened when this one was.
        uint64 previous;
        /// @dev Who leads after a master was replaced; 0 = as elected.
        uint32 masterId;
        uint32 replaced;
        uint64 masterSince;
        uint64 masterActedIn;
    }

    event TermOpened(uint64 indexed term, bytes32 alpha, bytes32 previousSeed);
    event CandidateShown(uint64 indexed term, uint32 indexed id, address indexed account, bytes32 beta, bool leads);
    event SeedShown(uint64 indexed term, uint32 indexed id, bytes32 beta);
    event MasterReplaced(uint64 indexed term, uint32 indexed previous, uint32 indexed current);

    error InvalidElection();
    error NotThisTerm(uint256 term, uint256 current);
    error TermOutOfReach(uint256 term);
    error ElectionOver(uint256 term);
    error ElectionRuns(uint256 term, uint256 untilBlock);
    error NotInSet(address account, uint256 term);
    error AlreadyCandidate(uint32 id);
    error NoVrfProof(uint32 id);
    error AboveThreshold(bytes32 beta, uint256 threshold);
    error TooFewNodes(uint256 nodes, uint256 atLeast);

    OracleRegistry public immutable registry;
    uint256 public immutable termBlocks;
    uint256 public immutable electBlocks;
    uint256 public immutable expectedWinners;
    uint64 internal _lastOpened;
    mapping(uint256 term => Term) internal _terms;
    mapping(uint256 term => Candidate[]) private _candidates;
    mapping(uint256 term => mapping(uint32 id => bool)) private _cameForward;
    mapping(uint256 term => mapping(uint32 id => bool)) private _wasReplaced;

    constructor(OracleRegistry registry_, ElectionConfig memory config) {
        registry = registry_;
        termBlocks = registry_.termBlocks();
        electBlocks = config.electBlocks;
        expectedWinners = config.expectedWinners;
        if (electBlocks == 0 || electBlocks * 2 > termBlocks || expectedWinners == 0) revert InvalidElection();
    }

    /// @notice A node of the present term's set shows its number, if it is below the threshold.
    /// @param proof its BLS signature over `alphaOf(term)`, 256 bytes
    function elect(uint256 term, bytes calldata proof) external {
        _requireCurrent(term);
        if (block.number >= electionEnd(term)) revert ElectionOver(term);
        uint32[] memory set = registry.setOf(term);
        uint32 id = _memberOf(set, msg.sender, term);
        if (_cameForward[term][id]) revert AlreadyCandidate(id);
        bytes32 beta = keccak256(proof);
        uint256 threshold = _threshold(set.length);
        // First of all, because it costs nothing.
        if (uint256(beta) >= threshold) revert AboveThreshold(beta, threshold);
        Term storage its = _openTerm(term);
        if (!Bls12381.verify(registry.keyOf(id), its.alpha, proof)) revert NoVrfProof(id);
        _cameForward[term][id] = true;
        bool leads = _insertCandidate(_candidates[term], Candidate(id, beta));
        if (leads) its.seed = beta;
        emit CandidateShown(uint64(term), id, msg.sender, beta, leads);
    }

    // --- reads ---------------------------------------------------------------------------------

    function currentTerm() public view returns (uint256) {
        return block.number / termBlocks;
    }

    /// @notice The block from which on the term has a master.
    function electionEnd(uint256 term) public view returns (uint256) {
        return term * termBlocks + electBlocks;
    }

    /// @notice What the nodes sign to be elected; for the present term and the one before, and for terms that were opened.
    function alphaOf(uint256 term) public view returns (bytes32 alpha) {
        alpha = _terms[term].alpha;
        if (alpha == 0) (alpha,,) = _alpha(term);
    }

    /// @notice A number has to be below it: floor(2^256 k / n), or 2^256 - 1 when there are no more than k nodes.
    function thresholdOf(uint256 term) external view returns (uint256) {
        return _threshold(registry.setSizeOf(term));
    }

    function candidatesOf(uint256 term) external view returns (Candidate[] memory) {
        return _candidates[term];
    }

    function termOf(uint256 term) external view returns (Term memory) {
        return _terms[term];
    }

    /// @notice What the group of a term is drawn with: the smallest number shown in its election, or a hash of alpha.
    function groupSeedOf(uint256 term) public view returns (bytes32) {
        Candidate[] storage list = _candidates[term];
        return list.length > 0 ? list[0].beta : _fallbackSeed(term);
    }

    /// @notice What the next term's alpha is made of: the smallest number, the number of the master whose turn it was, or the
    /// hash of alpha when nobody showed one.
    function seedOf(uint256 term) public view returns (bytes32) {
        bytes32 seed = _terms[term].seed;
        return seed == 0 ? _fallbackSeed(term) : seed;
    }

    /// @notice The master of a term whose election is over; zero while it runs, or when the set is empty.
    function masterOf(uint256 term) public view returns (address) {
        uint32 id = masterIdOf(term);
        return id == 0 ? address(0) : registry.accountOf(id);
    }

    function masterIdOf(uint256 term) public view returns (uint32) {
        return block.number < electionEnd(term) ? 0 : _leader(term, registry.setOf(term));
    }

    /// @notice Whether this node led the term and was replaced.
    function wasReplaced(uint256 term, uint32 id) public view returns (bool) {
        return _wasReplaced[term][id];
    }

    /// @notice The accounts of the group of so many, in the order in which they may transmit; for the present term and the one
    /// before, and for terms that were opened.
    function groupOf(uint256 term, uint256 size) external view returns (address[] memory) {
        (uint32[] memory group,) = _group(term, size);
        return registry.accountsOf(group);
    }

    // --- inside --------------------------------------------------------------------------------

    function _requireCurrent(uint256 term) internal view {
        if (term != currentTerm()) revert NotThisTerm(term, currentTerm());
    }

    /// @dev Fixes the alpha of the present term or the one before. A term opened late is no link of the chain of seeds, so what
    /// was the present term's alpha before stays it.
    function _openTerm(uint256 term) internal returns (Term storage its) {
        its = _terms[term];
        if (its.alpha != 0) return its;
        bytes32 previousSeed;
        (its.alpha, its.previous, previousSeed) = _alpha(term);
        if (term == currentTerm()) _lastOpened = uint64(term);
        emit TermOpened(uint64(term), its.alpha, previousSeed);
    }

    function _alpha(uint256 term) private view returns (bytes32 alpha, uint64 previous, bytes32 previousSeed) {
        uint256 start = term * termBlocks;
        bytes32 lastBlock = start == 0 || start > block.number ? bytes32(0) : blockhash(start - 1);
        if (lastBlock == 0) revert TermOutOfReach(term);
        previous = _lastOpened;
        if (previous >= term) previous = _terms[previous].previous;
        if (previous != 0) previousSeed = seedOf(previous);
        alpha = keccak256(abi.encode(ALPHA_TAG, block.chainid, address(this), term, previousSeed, lastBlock));
    }

    function _fallbackSeed(uint256 term) private view returns (bytes32) {
        return keccak256(abi.encode(FALLBACK_TAG, alphaOf(term)));
    }

    /// @dev 2^256 k / n without 2^256: it is k (q n + r + 1) / n with q and r of 2^256 - 1.
    function _threshold(uint256 nodes) internal view returns (uint256) {
        uint256 winners = expectedWinners;
        if (winners >= nodes) return type(uint256).max;
        return (type(uint256).max / nodes) * winners + (winners * ((type(uint256).max % nodes) + 1)) / nodes;
    }

    /// @dev The group in its order, and the master.
    function _group(uint256 term, uint256 size) internal view returns (uint32[] memory group, uint32 master) {
        uint32[] memory set = registry.setOf(term);
        if (size == 0 || set.length <= size) revert TooFewNodes(set.length, size + 1);
        master = _leader(term, set);
        Permutation.front(set, groupSeedOf(term), size + 1);
        group = new uint32[](size);
        uint256 taken = 0;
        for (uint256 index = 0; taken < size; index++) {
            if (set[index] != master) group[taken++] = set[index];
        }
    }

    function _leader(uint256 term, uint32[] memory set) private view returns (uint32) {
        if (_terms[term].masterId != 0) return _terms[term].masterId;
        Candidate[] storage list = _candidates[term];
        if (list.length > 0) return list[0].id;
        return set.length == 0 ? 0 : set[term % set.length];
    }

    /// @dev Whether the master owes its number: it leads by turn, and nobody showed one in this term.
    function _owesProof(uint256 term) internal view returns (bool) {
        return _terms[term].seed == 0 && term == currentTerm();
    }

    function _takeProof(uint256 term, uint32 master, bytes calldata proof) internal {
        bytes32 beta = keccak256(proof);
        _terms[term].seed = beta;
        emit SeedShown(uint64(term), master, beta);
    }

    /// @dev The next candidate takes over, or the next one by turn that has not led this term yet; zero when all have.
    function _replaceMaster(uint256 term) internal returns (uint32 previous, uint32 current) {
        uint32[] memory set = registry.setOf(term);
        Term storage its = _terms[term];
        previous = _leader(term, set);
        _wasReplaced[term][previous] = true;
        Candidate[] storage list = _candidates[term];
        for (uint256 index = 0; index < list.length && current == 0; index++) {
            if (!_wasReplaced[term][list[index].id]) current = list[index].id;
        }
        for (uint256 step = 0; step < set.length && current == 0; step++) {
            uint32 id = set[(term + step) % set.length];
            if (!_wasReplaced[term][id]) current = id;
        }
        if (current == 0) {
            delete _wasReplaced[term][previous];
            return (previous, 0);
        }
        (its.masterId, its.masterSince) = (current, uint64(block.number));
        its.replaced++;
        emit MasterReplaced(uint64(term), previous, current);
    }

    function _memberOf(uint32[] memory set, address account, uint256 term) internal view returns (uint32 id) {
        id = registry.idOf(account);
        if (id != 0 && _position(set, id) < set.length) return id;
        revert NotInSet(account, term);
    }

    /// @dev Where an id stands in a list; its length when it does not.
    function _position(uint32[] memory list, uint32 id) internal pure returns (uint256 index) {
        while (index < list.length && list[index] != id) index++;
    }

    /// @dev Keeps the smallest ones in order; whether the new one is the smallest of all.
    function _insertCandidate(Candidate[] storage list, Candidate memory candidate) private returns (bool) {
        if (list.length == CANDIDATES_MAX) {
            if (list[CANDIDATES_MAX - 1].beta <= candidate.beta) return false;
            list.pop();
        }
        list.push(candidate);
        uint256 index = list.length - 1;
        for (; index > 0 && list[index - 1].beta > candidate.beta; index--) list[index] = list[index - 1];
        list[index] = candidate;
        return index == 0;
    }
}
