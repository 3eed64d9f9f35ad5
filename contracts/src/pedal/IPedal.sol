// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Where a request stands.
enum State {
    None,
    Pending,
    Answered,
    Failed,
    Expired
}

/// @notice Why a request has no result. All but Expired are what a quorum of the group signed.
enum Reason {
    None,
    Expired,
    SourceUnreachable,
    SourceRefused,
    InvalidSpec,
    InvalidData,
    NoAgreement,
    NotAllowed,
    ResultTooLarge
}

/// @notice Why a master did not get a request answered this time; it stays pending.
enum Attempt {
    None,
    NoQuorum,
    ObserversDisagree,
    SourceSlow,
    Overloaded,
    Other
}

/// @notice One request as the contract keeps it. The specification itself is in the event `Requested` of block `requestedIn`.
struct Request {
    address requester;
    uint64 requestedAt;
    uint32 callbackGas;
    bytes32 job;
    bytes32 specHash;
    uint96 depositWei;
    uint64 expiresAt;
    uint64 requestedIn;
    State state;
    Reason reason;
    /// @dev Whether the requester took the callback; its result is readable in any case.
    bool delivered;
    /// @dev As the job had them when the request was made.
    uint8 groupSize;
    /// @dev The term whose group answered, and when it observed; 0 while pending.
    uint64 term;
    uint64 observedAt;
    uint32 attempts;
    Attempt lastAttempt;
    bool unanimous;
    uint32 queueIndex;
}

/// @title What an application sees of the oracle
interface IPedal {
    /// @notice Asks the oracle; emits `Requested`. The deposit is paid to the nodes with the answer, or comes back.
    /// @param job what kind of task, as the companies set it up
    /// @param spec what is asked, in the job's own format
    /// @param expiresAt seconds since the epoch; from then on only `expire` is possible
    /// @param callbackGas gas that the callback of a requesting contract gets
    function request(bytes32 job, bytes calldata spec, uint64 expiresAt, uint32 callbackGas)
        external
        payable
        returns (uint256 id);

    /// @notice Everybody may end a request whose time is over; the deposit comes back.
    function expire(uint256 id) external;

    function requestOf(uint256 id) external view returns (Request memory);

    /// @notice The result of an answered request, whether or not its callback worked.
    function resultOf(uint256 id) external view returns (bytes memory);

    /// @notice The least deposit of a job.
    function feeOf(bytes32 job) external view returns (uint256);

    /// @notice What an account may collect.
    function owedTo(address account) external view returns (uint256);

    /// @notice Pays the caller what it is owed.
    function collect() external returns (uint256 paidWei);
}

/// @title What the oracle calls in a contract that asked
interface ILoProd {
    function onAnswer(uint256 id, bytes calldata result) external;

    function onFailure(uint256 id, Reason reason) external;
}
