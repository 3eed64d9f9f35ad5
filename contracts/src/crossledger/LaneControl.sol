// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Consortium} from "../Consortium.sol";
import {CompanyVote} from "../pedal/CompanyVote.sol";

/// @title What the companies of a ledger decide about its lanes
/// @notice For each other ledger: how its roots are believed, what may go there and come from there, and whether anything does.
/// Everything here needs more than two thirds of the companies and does not ask the oracle, whose own pause is another one.
/// Source: paper IV-B (two ledgers work together through the federal one); trust, limits and pause: ours.
contract LaneControl is CompanyVote {
    /// @notice Longest data of a message.
    uint256 public constant DATA_BYTES_MAX = 16_384;
    /// @notice A sender that hears nothing waits at least so long after the expiry before it may give up.
    uint256 public constant GRACE_SECONDS_MIN = 1 hours;
    uint256 public constant GRACE_SECONDS_MAX = 365 days;

    /// @notice By what a root of the other ledger is believed.
    enum Trust {
        None,
        /// @dev Signed by the group of this ledger's oracle.
        Group,
        /// @dev Proven with a header that the other ledger's sealers signed.
        Certificate,
        /// @dev Both, and both the same.
        Both
    }

    struct Lane {
        Trust trust;
        /// @dev Whether messages may be sent and executed; receipts go on in any case.
        bool enabled;
        /// @dev Outgoing.
        uint32 maxDataBytes;
        uint32 openMessages;
        uint32 openPerSender;
        uint96 depositWei;
        uint32 graceSeconds;
        /// @dev Incoming: what a bucket holds, and gets back over a period.
        uint32 messagesPerPeriod;
        uint32 bytesPerPeriod;
        uint32 periodSeconds;
    }

    struct LaneInit {
        uint256 peer;
        Lane lane;
    }

    struct Parts {
        address headers;
        address inbox;
        address outbox;
        /// @dev Zero on ledgers that have none.
        address federalFile;
    }

    event LaneSet(uint256 indexed peer, Lane lane);
    event LanePaused(uint256 indexed peer, bool paused);
    event Paused(bool paused);

    error InvalidLane(uint256 peer);
    error UnknownLane(uint256 peer);
    error LaneIsPaused(uint256 peer);

    /// @notice Whether all lanes are paused.
    bool public paused;
    Parts private _parts;
    mapping(uint256 peer => bool) public lanePaused;
    mapping(uint256 peer => Lane) private _lanes;

    constructor(Consortium consortium_, Parts memory parts, LaneInit[] memory lanes) CompanyVote(consortium_) {
        _parts = parts;
        for (uint256 index = 0; index < lanes.length; index++) _setLane(lanes[index].peer, lanes[index].lane);
    }

    /// @notice Sets up the lanes to and from another ledger, or changes them for what comes.
    function setLane(uint256 peer, Lane calldata lane) external byVote {
        _setLane(peer, lane);
    }

    /// @notice Stops one other ledger's lanes: nothing is sent, learnt, executed or settled. Expiring, giving up and collecting
    /// money go on.
    function setLanePaused(uint256 peer, bool paused_) external byVote {
        if (_lanes[peer].trust == Trust.None) revert UnknownLane(peer);
        lanePaused[peer] = paused_;
        emit LanePaused(peer, paused_);
    }

    /// @notice The same for all.
    function setPaused(bool paused_) external byVote {
        paused = paused_;
        emit Paused(paused_);
    }

    /// @notice Refuses when nothing may go over the lanes with this ledger.
    function requireRunning(uint256 peer) external view returns (Lane memory lane) {
        lane = laneOf(peer);
        if (paused || lanePaused[peer]) revert LaneIsPaused(peer);
    }

    function laneOf(uint256 peer) public view returns (Lane memory lane) {
        lane = _lanes[peer];
        if (lane.trust == Trust.None) revert UnknownLane(peer);
    }

    /// @inheritdoc CompanyVote
    function governs(address target) public view override returns (bool) {
        if (target == address(0)) return false;
        if (target == address(this) || target == _parts.headers || target == _parts.inbox) return true;
        return target == _parts.outbox || target == _parts.federalFile;
    }

    function _setLane(uint256 peer, Lane memory lane) private {
        bool bounded = lane.maxDataBytes <= DATA_BYTES_MAX && lane.openMessages > 0 && lane.openPerSender > 0
            && lane.graceSeconds >= GRACE_SECONDS_MIN && lane.graceSeconds <= GRACE_SECONDS_MAX;
        bool rated = lane.periodSeconds > 0 && lane.messagesPerPeriod > 0 && lane.bytesPerPeriod >= lane.maxDataBytes;
        bool known = peer != block.chainid && peer != 0 && lane.trust != Trust.None;
        if (!bounded || !rated || !known) revert InvalidLane(peer);
        _lanes[peer] = lane;
        emit LaneSet(peer, lane);
    }
}
