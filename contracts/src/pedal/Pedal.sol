// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381} from "./Bls12381.sol";
import {Election} from "./Election.sol";
import {Attempt, ILoProd, Reason, Request, State} from "./IPedal.sol";
import {OracleRegistry} from "./OracleRegistry.sol";
import {RequestQueue} from "./RequestQueue.sol";

/// @title The oracle: takes requests, elects who works, and accepts what enough of them signed (FeElect and LoProxy)
/// @notice A result is accepted when more than two thirds of the term's group signed it, whoever brings it: one pairing check
/// tells it. The master is the first who may bring it; when it does not, the work nodes may one after the other.
contract Pedal is Election, RequestQueue {
    /// @notice Requests in one answer.
    uint256 public constant BATCH_MAX = 64;
    /// @notice A node's clock may be ahead of the chain's, or behind, by so much.
    uint256 public constant CLOCK_SKEW_SECONDS = 60;
    bytes32 public constant ANSWER_TAG = keccak256("treadle.pedal.answer.v1");
    bytes32 public constant BATCH_TAG = keccak256("treadle.pedal.batch.v1");
    bytes32 public constant PROPOSAL_TAG = keccak256("treadle.pedal.proposal.v1");

    /// @notice What a request waits for.
    enum Why {
        Nothing,
        MayBeExpired,
        OraclePaused,
        TooFewNodes,
        ElectionRuns,
        WaitsForMaster,
        WorkNodesMayTransmit,
        MasterSilent
    }

    struct Config {
        ElectionConfig election;
        Limits limits;
        /// @dev Work node i of the group, counted from 1, may transmit so many blocks times i after the master.
        uint32 stageBlocks;
        /// @dev A master that did nothing for so long while a request waited may be replaced.
        uint32 silenceBlocks;
        uint96 silenceSlashWei;
    }

    /// @notice What a group says about a request: a result, or the reason why there is none.
    struct Outcome {
        uint256 id;
        Reason reason;
        /// @dev When it was observed, seconds since the epoch.
        uint64 observedAt;
        bytes result;
    }

    struct Attestation {
        /// @dev Bit i: number i of the group signed.
        uint256 signers;
        /// @dev The sum of their BLS signatures, 256 bytes.
        bytes signature;
        /// @dev The master's signature over alpha, in its first answer of a term in which nobody showed a number; else empty.
        bytes proof;
    }

    struct Explanation {
        State state;
        Reason reason;
        Why why;
        /// @dev The present term while it is pending, then the one whose group answered.
        uint64 term;
        address master;
        uint32 attempts;
        Attempt lastAttempt;
        /// @dev Block from which on more is possible: the master, the next work node, or a replacement; 0 = nothing to wait for.
        uint64 nextBlock;
    }

    event AttemptFailed(uint256 indexed id, uint64 indexed term, address indexed master, Attempt why);
    event Accepted(uint64 indexed term, address indexed transmitter, uint256 signers, uint256 requests);
    /// @notice A request of a batch that was not pending any more, or not answerable.
    event Skipped(uint256 indexed id);
    event EquivocationProven(uint64 indexed term, uint256 indexed id, uint32 indexed node, bytes32 content, bytes32 otherContent);

    error InvalidConfig();
    error TermNotAnswerable(uint256 term, uint256 current);
    error NotInGroup(address account, uint256 term);
    error NotYourTurn(address account, uint256 fromBlock);
    error NotTheMaster(address account, uint256 term);
    error NoAttempt();
    error UnknownSigners(uint256 signers, uint256 groupSize);
    error NoQuorum(uint256 signers, uint256 atLeast);
    error NotSigned();
    error ProofMissing(uint32 id);
    error NotAnOutcome(uint256 id);
    error ObservedOutOfBounds(uint64 observedAt, uint256 earliest, uint256 latest);
    error BatchOutOfBounds(uint256 requests, uint256 atMost);
    error NotOneGroup(uint256 id);
    error NothingPending();
    error NotSilent(uint256 untilBlock);
    error NobodyLeft(uint256 term);
    error NoEquivocation();
    error AlreadyPunished(uint256 term, uint32 id);

    uint256 public immutable stageBlocks;
    uint256 public immutable silenceBlocks;
    uint256 public immutable silenceSlashWei;
    mapping(uint256 term => mapping(uint32 id => bool)) private _punished;

    constructor(OracleRegistry registry_, Config memory config, FirstJob[] memory jobs)
        Election(registry_, config.election)
        RequestQueue(config.limits, jobs)
    {
        if (config.stageBlocks == 0 || config.silenceBlocks == 0) revert InvalidConfig();
        stageBlocks = config.stageBlocks;
        silenceBlocks = config.silenceBlocks;
        silenceSlashWei = config.silenceSlashWei;
    }

    // --- answers -------------------------------------------------------------------------------

    /// @notice Brings what the group of the present term, or of the one before, agreed on about one request.
    function answer(uint256 term, Outcome calldata outcome, Attestation calldata attestation) external whenRunning {
        Request storage its = _pending(outcome.id);
        if (block.timestamp >= its.expiresAt) revert IsExpired(outcome.id, its.expiresAt);
        _check(outcome, its);
        bytes32 digest = answerDigest(term, outcome);
        uint32[] memory signers = _accept(term, its, its.requestedIn, digest, attestation);
        _share(term, signers, _settle(term, outcome, its));
        emit Accepted(uint64(term), msg.sender, attestation.signers, 1);
        _callBack(outcome, its);
    }

    /// @notice Brings many at once under one signature, over `batchDigest`. All must be of jobs with the same group; those that
    /// ended meanwhile are left out.
    function answerMany(uint256 term, Outcome[] calldata outcomes, Attestation calldata attestation) external whenRunning {
        if (outcomes.length == 0 || outcomes.length > BATCH_MAX) revert BatchOutOfBounds(outcomes.length, BATCH_MAX);
        bool[] memory taken = new bool[](outcomes.length);
        Request storage strictest = _requests[outcomes[0].id];
        uint256 lastRequested = 0;
        uint256 count = 0;
        for (uint256 index = 0; index < outcomes.length; index++) {
            Request storage its = _requests[outcomes[index].id];
            if (its.state != State.Pending || block.timestamp >= its.expiresAt) {
                emit Skipped(outcomes[index].id);
                continue;
            }
            _check(outcomes[index], its);
            if (count++ == 0) strictest = its;
            if (its.groupSize != strictest.groupSize) revert NotOneGroup(outcomes[index].id);
            if (its.unanimous) strictest = its;
            if (its.requestedIn > lastRequested) lastRequested = its.requestedIn;
            taken[index] = true;
        }
        if (count == 0) revert NothingPending();
        bytes32 digest = batchDigest(term, outcomes);
        uint32[] memory signers = _accept(term, strictest, lastRequested, digest, attestation);
        uint256 earnedWei = 0;
        for (uint256 index = 0; index < outcomes.length; index++) {
            if (!taken[index]) continue;
            Request storage its = _requests[outcomes[index].id];
            // The same request twice in a batch counts once.
            taken[index] = its.state == State.Pending;
            if (taken[index]) earnedWei += _settle(term, outcomes[index], its);
        }
        _share(term, signers, earnedWei);
        emit Accepted(uint64(term), msg.sender, attestation.signers, count);
        for (uint256 index = 0; index < outcomes.length; index++) {
            if (taken[index]) _callBack(outcomes[index], _requests[outcomes[index].id]);
        }
    }

    /// @notice The present master states why it did not get a request answered this time. It stays pending.
    function noteAttempt(uint256 id, Attempt why) external whenRunning {
        if (why == Attempt.None) revert NoAttempt();
        Request storage its = _pending(id);
        uint256 term = currentTerm();
        _requireElected(term);
        uint32 mine = registry.idOf(msg.sender);
        if (mine == 0 || mine != masterIdOf(term)) revert NotTheMaster(msg.sender, term);
        _openTerm(term).masterActedIn = uint64(block.number);
        its.attempts++;
        its.lastAttempt = why;
        emit AttemptFailed(id, uint64(term), msg.sender, why);
    }

    // --- masters that fail ---------------------------------------------------------------------

    /// @notice A work node of a waiting request's group replaces the present term's master when that did nothing for
    /// `silenceBlocks`: neither answered, nor stated why not. The silent one loses `silenceSlashWei`.
    function replaceMaster(uint256 id) external whenRunning {
        Request storage its = _pending(id);
        if (block.timestamp >= its.expiresAt) revert IsExpired(id, its.expiresAt);
        uint256 term = currentTerm();
        _requireElected(term);
        _openTerm(term);
        (uint32[] memory group,) = _group(term, its.groupSize);
        if (_position(group, registry.idOf(msg.sender)) == group.length) revert NotInGroup(msg.sender, term);
        uint256 until = _silentFrom(term, its);
        if (block.number < until) revert NotSilent(until);
        (uint32 previous, uint32 current) = _replaceMaster(term);
        if (current == 0) revert NobodyLeft(term);
        registry.slash(previous, silenceSlashWei, msg.sender, OracleRegistry.Offence.Silence);
    }

    /// @notice Proves that a master signed two different proposals for the same attempt at one request. It loses its stake, and
    /// its office if it still has it.
    /// @param content keccak256 of what was proposed; `proposalDigest` is what was signed
    function reportEquivocation(
        uint256 term,
        uint256 id,
        uint32 attempt,
        uint32 node,
        bytes32 content,
        bytes calldata signature,
        bytes32 otherContent,
        bytes calldata otherSignature
    ) external {
        if (content == otherContent || node == 0) revert NoEquivocation();
        if (_punished[term][node]) revert AlreadyPunished(term, node);
        bool leads = node == masterIdOf(term);
        if (!leads && !wasReplaced(term, node)) revert NoEquivocation();
        bytes memory key = registry.keyOf(node);
        bytes32 digest = proposalDigest(term, id, attempt, content);
        bytes32 otherDigest = proposalDigest(term, id, attempt, otherContent);
        if (!Bls12381.verifyBoth(key, digest, signature, key, otherDigest, otherSignature)) revert NotSigned();
        _punished[term][node] = true;
        emit EquivocationProven(uint64(term), id, node, content, otherContent);
        if (leads && term == currentTerm()) {
            _openTerm(term);
            _replaceMaster(term);
        }
        registry.slash(node, type(uint256).max, msg.sender, OracleRegistry.Offence.Equivocation);
    }

    // --- reads ---------------------------------------------------------------------------------

    /// @notice What each of the group signs about one request.
    function answerDigest(uint256 term, Outcome calldata outcome) public view returns (bytes32) {
        bytes32 resultHash = keccak256(outcome.result);
        return keccak256(
            abi.encode(
                ANSWER_TAG, block.chainid, address(this), term, outcome.id, outcome.reason, resultHash, outcome.observedAt
            )
        );
    }

    /// @notice What each of the group signs about many requests: the hash over their `answerDigest`s in this order.
    function batchDigest(uint256 term, Outcome[] calldata outcomes) public view returns (bytes32) {
        bytes32[] memory digests = new bytes32[](outcomes.length);
        for (uint256 index = 0; index < outcomes.length; index++) digests[index] = answerDigest(term, outcomes[index]);
        return keccak256(abi.encode(BATCH_TAG, block.chainid, address(this), term, keccak256(abi.encodePacked(digests))));
    }

    /// @notice What a master signs when it proposes: at most one content for each attempt at a request.
    function proposalDigest(uint256 term, uint256 id, uint32 attempt, bytes32 content) public view returns (bytes32) {
        return keccak256(abi.encode(PROPOSAL_TAG, block.chainid, address(this), term, id, attempt, content));
    }

    /// @notice How many of a group have to sign.
    function quorumOf(uint256 groupSize, bool unanimous) public pure returns (uint256) {
        return unanimous ? groupSize : (2 * groupSize) / 3 + 1;
    }

    /// @notice Where a request stands, and what it waits for.
    function explain(uint256 id) external view returns (Explanation memory told) {
        if (id == 0 || id > requestCount) revert UnknownRequest(id);
        Request storage its = _requests[id];
        (told.state, told.reason, told.attempts, told.lastAttempt) = (its.state, its.reason, its.attempts, its.lastAttempt);
        if (its.state != State.Pending) {
            told.term = its.term;
            if (its.term != 0) told.master = masterOf(its.term);
            return told;
        }
        uint256 term = currentTerm();
        told.term = uint64(term);
        told.master = masterOf(term);
        if (block.timestamp >= its.expiresAt) {
            told.why = Why.MayBeExpired;
        } else if (paused) {
            told.why = Why.OraclePaused;
        } else if (registry.setSizeOf(term) <= its.groupSize) {
            (told.why, told.nextBlock) = (Why.TooFewNodes, uint64((term + 1) * termBlocks));
        } else if (block.number < electionEnd(term)) {
            (told.why, told.nextBlock) = (Why.ElectionRuns, uint64(electionEnd(term)));
        } else {
            uint256 silentFrom = _silentFrom(term, its);
            uint256 workFrom = _firstChance(term, its.requestedIn) + stageBlocks;
            if (block.number >= silentFrom) told.why = Why.MasterSilent;
            else if (block.number >= workFrom) (told.why, told.nextBlock) = (Why.WorkNodesMayTransmit, uint64(silentFrom));
            else (told.why, told.nextBlock) = (Why.WaitsForMaster, uint64(workFrom < silentFrom ? workFrom : silentFrom));
        }
    }

    // --- inside --------------------------------------------------------------------------------

    function _governor() internal view override returns (address) {
        return address(registry);
    }

    function _requireNodes(uint256 groupSize) internal view override {
        uint256 size = registry.setSizeOf(currentTerm());
        if (size <= groupSize) revert TooFewNodes(size, groupSize + 1);
    }

    function _requireElected(uint256 term) private view {
        if (block.number < electionEnd(term)) revert ElectionRuns(term, electionEnd(term));
    }

    /// @dev Whether an outcome may be said about a request at all.
    function _check(Outcome calldata outcome, Request storage its) private view {
        uint256 length = outcome.result.length;
        uint256 atMost = _jobs[its.job].maxResultBytes;
        if (length > atMost) revert ResultTooLong(length, atMost);
        if (outcome.reason == Reason.Expired || (outcome.reason != Reason.None && length > 0)) revert NotAnOutcome(outcome.id);
        uint256 earliest = its.requestedAt - CLOCK_SKEW_SECONDS;
        uint256 latest = block.timestamp + CLOCK_SKEW_SECONDS;
        if (latest >= its.expiresAt) latest = its.expiresAt - 1;
        if (outcome.observedAt < earliest || outcome.observedAt > latest) {
            revert ObservedOutOfBounds(outcome.observedAt, earliest, latest);
        }
    }

    /// @dev Checks turn, quorum and signature; returns who signed.
    function _accept(
        uint256 term,
        Request storage its,
        uint256 requestedIn,
        bytes32 digest,
        Attestation calldata attestation
    ) private returns (uint32[] memory signers) {
        uint256 current = currentTerm();
        if (term != current && term + 1 != current) revert TermNotAnswerable(term, current);
        _requireElected(term);
        bytes32 alpha = _openTerm(term).alpha;
        (uint32[] memory group, uint32 master) = _group(term, its.groupSize);
        bool byMaster = _checkTurn(term, requestedIn, group, master);
        signers = _signersOf(group, attestation.signers, quorumOf(its.groupSize, its.unanimous));
        bytes memory key = registry.commonKeyOf(signers);
        bool signed;
        if (byMaster && _owesProof(term)) {
            if (attestation.proof.length == 0) revert ProofMissing(master);
            signed = Bls12381.verifyBoth(
                registry.keyOf(master), alpha, attestation.proof, key, digest, attestation.signature
            );
            if (signed) _takeProof(term, master, attestation.proof);
        } else {
            signed = Bls12381.verify(key, digest, attestation.signature);
        }
        if (!signed) revert NotSigned();
        if (byMaster) _terms[term].masterActedIn = uint64(block.number);
    }

    function _checkTurn(uint256 term, uint256 requestedIn, uint32[] memory group, uint32 master) private view returns (bool) {
        uint32 mine = registry.idOf(msg.sender);
        if (mine != 0 && mine == master) return true;
        uint256 position = _position(group, mine);
        if (position == group.length) revert NotInGroup(msg.sender, term);
        uint256 from = _firstChance(term, requestedIn) + stageBlocks * (position + 1);
        if (block.number < from) revert NotYourTurn(msg.sender, from);
        return false;
    }

    function _signersOf(uint32[] memory group, uint256 bits, uint256 quorum) private pure returns (uint32[] memory signers) {
        if (bits >> group.length != 0) revert UnknownSigners(bits, group.length);
        uint256 count = 0;
        for (uint256 rest = bits; rest != 0; rest &= rest - 1) count++;
        if (count < quorum) revert NoQuorum(count, quorum);
        signers = new uint32[](count);
        uint256 taken = 0;
        for (uint256 index = 0; index < group.length; index++) {
            if ((bits >> index) & 1 == 1) signers[taken++] = group[index];
        }
    }

    /// @dev The first block in which the master could transmit an answer to a request of this block.
    function _firstChance(uint256 term, uint256 requestedIn) private view returns (uint256 from) {
        from = electionEnd(term);
        if (requestedIn > from) from = requestedIn;
        if (_resumedIn > from) from = _resumedIn;
    }

    /// @dev The block from which on the present master counts as silent.
    function _silentFrom(uint256 term, Request storage its) private view returns (uint256 from) {
        Term storage leads = _terms[term];
        from = _firstChance(term, its.requestedIn);
        if (leads.masterSince > from) from = leads.masterSince;
        if (leads.masterActedIn > from) from = leads.masterActedIn;
        from += silenceBlocks;
    }

    /// @dev Ends a request by its outcome; what the group earned comes back.
    function _settle(uint256 term, Outcome calldata outcome, Request storage its) private returns (uint256 earnedWei) {
        bool answered = outcome.reason == Reason.None;
        uint256 depositWei = its.depositWei;
        earnedWei = answered ? depositWei : (depositWei * _jobs[its.job].forfeit) / 10_000;
        if (earnedWei < depositWei) owedTo[its.requester] += depositWei - earnedWei;
        (its.term, its.observedAt) = (uint64(term), outcome.observedAt);
        if (answered) _keepResult(outcome.id, outcome.result);
        _end(its, answered ? State.Answered : State.Failed, outcome.reason);
        if (answered) emit Answered(outcome.id, its.requester, uint64(term), outcome.result, outcome.observedAt);
        else emit RequestFailed(outcome.id, its.requester, outcome.reason);
    }

    /// @dev One part for each who signed, one for the master, and one with the remainder for whoever transmitted.
    function _share(uint256 term, uint32[] memory signers, uint256 earnedWei) private {
        if (earnedWei == 0) return;
        uint256 part = earnedWei / (signers.length + 2);
        address[] memory accounts = registry.accountsOf(signers);
        for (uint256 index = 0; index < accounts.length; index++) owedTo[accounts[index]] += part;
        owedTo[masterOf(term)] += part;
        owedTo[msg.sender] += earnedWei - part * (signers.length + 1);
    }

    function _callBack(Outcome calldata outcome, Request storage its) private {
        bytes memory data = outcome.reason == Reason.None
            ? abi.encodeCall(ILoProd.onAnswer, (outcome.id, outcome.result))
            : abi.encodeCall(ILoProd.onFailure, (outcome.id, outcome.reason));
        _deliver(outcome.id, its, data);
    }
}
