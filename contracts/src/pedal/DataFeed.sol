// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IPedal, Reason, State} from "./IPedal.sol";
import {LoProd} from "./LoProd.sol";

/// @title A value that is kept up to date
/// @notice When the value is older than the heartbeat anyone may have it asked for at the feed's expense. Before that, whoever
/// claims that it moved asks with a deposit of its own: if it moved by the deviation or more, a round is written and the feed
/// owes the deposit; else the round stays as it is and the claim has cost its price.
contract DataFeed is LoProd, AggregatorV3Interface {
    uint256 public constant override version = 1;
    /// @notice What recording a round may cost, several times over.
    uint32 public constant CALLBACK_GAS = 300_000;
    uint256 private constant MILLION = 1_000_000;

    struct Config {
        bytes32 job;
        bytes spec;
        string description;
        uint8 decimals;
        uint32 heartbeatSeconds;
        /// @dev In parts of a million of the last value.
        uint32 deviation;
        uint32 requestSeconds;
    }

    struct Round {
        int256 answer;
        uint64 startedAt;
        uint64 updatedAt;
    }

    /// @notice As other feeds name it.
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);
    event NewRound(uint256 indexed roundId, address indexed startedBy, uint256 startedAt);
    event NotMoved(uint256 indexed requestId, int256 value);
    event RoundFailed(uint256 indexed requestId, Reason reason);

    error NoDataPresent(uint80 roundId);
    error RoundOpen(uint256 requestId);
    error StillFresh(uint256 untilTimestamp);
    error FirstRoundMissing();
    error NothingToSync();
    error FeedIsPoor(uint256 wei_, uint256 feeWei);
    error NothingOwed(address account);
    error InvalidFeed();
    error NotANumber(uint256 bytesLength);
    error TransferFailed(address to, uint256 wei_);

    uint8 public immutable override decimals;
    uint256 public immutable heartbeatSeconds;
    uint256 public immutable deviation;
    uint256 public immutable requestSeconds;
    bytes32 public immutable job;
    bytes public spec;
    string public override description;
    Round[] private _rounds;
    /// @notice The request under way; 0 = none.
    uint256 public openRequest;
    uint64 private _startedAt;
    /// @dev Who claimed that the value moved; zero for a heartbeat.
    address private _claimant;
    uint96 private _claimWei;
    mapping(address account => uint256 wei_) public owed;
    uint256 private _owedWei;

    constructor(IPedal pedal_, Config memory config) LoProd(pedal_) {
        if (config.heartbeatSeconds == 0 || config.requestSeconds == 0) revert InvalidFeed();
        (decimals, heartbeatSeconds, deviation) = (config.decimals, config.heartbeatSeconds, config.deviation);
        (job, spec, description) = (config.job, config.spec, config.description);
        requestSeconds = config.requestSeconds;
    }

    /// @notice Anyone may fund the feed; the oracle pays refunds.
    receive() external payable override {}

    // --- keeping it up to date -----------------------------------------------------------------

    /// @notice Asks for the value when it is older than the heartbeat, or there is none.
    function poll() external returns (uint256) {
        if (_rounds.length > 0) {
            uint256 until = _rounds[_rounds.length - 1].updatedAt + heartbeatSeconds;
            if (block.timestamp < until) revert StillFresh(until);
        }
        _collect();
        uint256 feeWei = pedal.feeOf(job);
        uint256 ownWei = address(this).balance - _owedWei;
        if (ownWei < feeWei) revert FeedIsPoor(ownWei, feeWei);
        return _ask(feeWei, address(0), 0);
    }

    /// @notice Claims that the value moved by the deviation or more; what is sent along is the deposit.
    function claimDeviation() external payable returns (uint256) {
        if (_rounds.length == 0) revert FirstRoundMissing();
        return _ask(msg.value, msg.sender, uint96(msg.value));
    }

    /// @notice Ends a request whose callback did not work, so that the next one can start.
    function sync() external {
        uint256 id = openRequest;
        if (id == 0 || pedal.requestOf(id).state == State.Pending) revert NothingToSync();
        _forget(id);
        if (pedal.requestOf(id).state == State.Answered) {
            bytes memory result = pedal.resultOf(id);
            if (result.length == 32) {
                _record(id, abi.decode(result, (int256)));
                return;
            }
        }
        _close(id, Reason.InvalidData);
    }

    /// @notice Pays whoever claimed rightly, or whose claim was not answered.
    function withdraw() external {
        uint256 amountWei = owed[msg.sender];
        if (amountWei == 0) revert NothingOwed(msg.sender);
        owed[msg.sender] = 0;
        _owedWei -= amountWei;
        (bool paid,) = msg.sender.call{value: amountWei}("");
        if (!paid) revert TransferFailed(msg.sender, amountWei);
    }

    // --- reads ---------------------------------------------------------------------------------

    function getRoundData(uint80 roundId) public view override returns (uint80, int256, uint256, uint256, uint80) {
        if (roundId == 0 || roundId > _rounds.length) revert NoDataPresent(roundId);
        Round storage round = _rounds[roundId - 1];
        return (roundId, round.answer, round.startedAt, round.updatedAt, roundId);
    }

    function latestRoundData() external view override returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(_rounds.length));
    }

    function latestRound() external view returns (uint256) {
        return _rounds.length;
    }

    function latestAnswer() external view returns (int256 answer) {
        (, answer,,,) = getRoundData(uint80(_rounds.length));
    }

    function latestTimestamp() external view returns (uint256 updatedAt) {
        (,,, updatedAt,) = getRoundData(uint80(_rounds.length));
    }

    // --- inside --------------------------------------------------------------------------------

    function _ask(uint256 depositWei, address claimant, uint96 claimWei) private returns (uint256 id) {
        if (openRequest != 0) revert RoundOpen(openRequest);
        id = _request(job, spec, uint64(block.timestamp + requestSeconds), CALLBACK_GAS, depositWei);
        openRequest = id;
        (_startedAt, _claimant, _claimWei) = (uint64(block.timestamp), claimant, claimWei);
        emit NewRound(_rounds.length + 1, msg.sender, block.timestamp);
    }

    function _answered(uint256 id, bytes calldata result) internal override {
        if (result.length != 32) revert NotANumber(result.length);
        _record(id, abi.decode(result, (int256)));
    }

    function _failed(uint256 id, Reason reason) internal override {
        _close(id, reason);
    }

    function _record(uint256 id, int256 value) private {
        address claimant = _claimant;
        uint256 observedAt = pedal.requestOf(id).observedAt;
        openRequest = 0;
        if (claimant != address(0) && !_moved(_rounds[_rounds.length - 1].answer, value)) {
            emit NotMoved(id, value);
            return;
        }
        if (claimant != address(0)) _owe(claimant, _claimWei);
        _rounds.push(Round(value, _startedAt, uint64(observedAt)));
        emit AnswerUpdated(value, _rounds.length, observedAt);
    }

    /// @dev Whoever claimed without getting an answer is owed what the oracle gives back.
    function _close(uint256 id, Reason reason) private {
        openRequest = 0;
        uint256 refundWei = _collect();
        if (_claimant != address(0)) _owe(_claimant, refundWei < _claimWei ? refundWei : _claimWei);
        emit RoundFailed(id, reason);
    }

    function _owe(address account, uint256 amountWei) private {
        owed[account] += amountWei;
        _owedWei += amountWei;
    }

    /// @dev Whether |value - last| >= deviation x |last|, rounded up; no product of it exceeds a word.
    function _moved(int256 last, int256 value) private view returns (bool) {
        unchecked {
            uint256 distance = value > last ? uint256(value) - uint256(last) : uint256(last) - uint256(value);
            uint256 size = last < 0 ? uint256(-last) : uint256(last);
            uint256 step = (size / MILLION) * deviation + ((size % MILLION) * deviation + MILLION - 1) / MILLION;
            return distance != 0 && distance >= step;
        }
    }
}
