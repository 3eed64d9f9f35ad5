// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Consortium} from "../Consortium.sol";

/// @title What only more than two thirds of the companies may do
/// @notice Companies approve a call, word by word; with more than two thirds of them it is made from here in the transaction of
/// the last approval. Companies in quarantine do not vote and are not counted, as in the consortium.
abstract contract CompanyVote {
    /// @notice Approvals that did not suffice in this time are void.
    uint256 public constant BALLOT_SECONDS = 14 days;

    struct Ballot {
        uint64 openedAt;
        address[] voters;
        mapping(address company => uint64 timestamp) votedAt;
    }

    event Approved(
        bytes32 indexed action, address indexed company, address target, bytes call, uint256 yes, uint256 companies
    );
    event Carried(bytes32 indexed action, address target, bytes call);

    error NotAVotingCompany(address account);
    error AlreadyApproved(bytes32 action, address company);
    error NotApproved(uint256 yes, uint256 companies);
    error NotGoverned(address target);
    error OnlyByVote();

    Consortium public immutable consortium;
    mapping(bytes32 action => uint256) private _rounds;
    mapping(bytes32 action => mapping(uint256 round => Ballot)) private _ballots;

    modifier byVote() {
        if (msg.sender != address(this)) revert OnlyByVote();
        _;
    }

    constructor(Consortium consortium_) {
        consortium = consortium_;
    }

    /// @notice A company approves a call of one of the functions that need a vote.
    function approve(address target, bytes calldata call) external {
        if (!_votes(msg.sender)) revert NotAVotingCompany(msg.sender);
        if (!governs(target)) revert NotGoverned(target);
        bytes32 action = actionOf(target, call);
        Ballot storage ballot = _ballots[action][_rounds[action]];
        if (ballot.openedAt != 0 && ballot.openedAt + BALLOT_SECONDS <= block.timestamp) {
            ballot = _ballots[action][++_rounds[action]];
        }
        if (ballot.openedAt == 0) ballot.openedAt = uint64(block.timestamp);
        if (_counts(ballot, msg.sender)) revert AlreadyApproved(action, msg.sender);
        if (ballot.votedAt[msg.sender] == 0) ballot.voters.push(msg.sender);
        ballot.votedAt[msg.sender] = uint64(block.timestamp);
        (uint256 yes, uint256 all) = (_count(ballot), _votingCompanies());
        emit Approved(action, msg.sender, target, call, yes, all);
        if (yes * 3 > 2 * all) _carry(action, target, call);
    }

    /// @notice Carries out what has its approvals: needed when the number of companies fell after the last one.
    function carry(address target, bytes calldata call) external {
        bytes32 action = actionOf(target, call);
        (uint256 yes, uint256 all) = approvals(action);
        if (yes * 3 <= 2 * all) revert NotApproved(yes, all);
        _carry(action, target, call);
    }

    /// @notice The contracts that votes are about.
    function governs(address target) public view virtual returns (bool);

    function actionOf(address target, bytes calldata call) public pure returns (bytes32) {
        return keccak256(abi.encode(target, call));
    }

    /// @notice How many approvals count at this moment for an action, and of how many companies.
    function approvals(bytes32 action) public view returns (uint256 yes, uint256 companies) {
        Ballot storage ballot = _ballots[action][_rounds[action]];
        if (ballot.openedAt + BALLOT_SECONDS > block.timestamp) yes = _count(ballot);
        companies = _votingCompanies();
    }

    function _carry(bytes32 action, address target, bytes calldata call) private {
        _rounds[action]++;
        emit Carried(action, target, call);
        (bool done, bytes memory reason) = target.call(call);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function _votes(address account) private view returns (bool) {
        return consortium.isCompany(account) && consortium.seat(account).quarantinedAt == 0;
    }

    /// @dev An approval counts while its company has been one without a break.
    function _counts(Ballot storage ballot, address company) private view returns (bool) {
        uint256 votedAt = ballot.votedAt[company];
        return votedAt != 0 && _votes(company) && consortium.company(company).since <= votedAt;
    }

    /// @dev A ballot has at most one voter for each company of its 14 days.
    function _count(Ballot storage ballot) private view returns (uint256 yes) {
        for (uint256 index = 0; index < ballot.voters.length; index++) {
            if (_counts(ballot, ballot.voters[index])) yes++;
        }
    }

    function _votingCompanies() private view returns (uint256) {
        uint256 silent = consortium.quarantinedCount();
        if (silent > 0 && consortium.seat(consortium.proxy()).quarantinedAt != 0) silent--;
        return consortium.companyCount() - silent;
    }
}
