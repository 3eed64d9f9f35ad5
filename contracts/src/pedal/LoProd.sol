// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILoProd, IPedal, Reason} from "./IPedal.sol";

/// @title Base of contracts that ask the oracle
/// @notice A heir calls `_request` and writes `_answered` and `_failed`. Both run with the gas that the request named; when they
/// revert or need more, the request has ended all the same and `pedal.resultOf(id)` still has the result.
abstract contract LoProd is ILoProd {
    error OnlyPedal(address caller);
    error NotAsked(uint256 id);

    IPedal public immutable pedal;
    mapping(uint256 id => bool) private _asked;

    constructor(IPedal pedal_) {
        pedal = pedal_;
    }

    /// @dev Refunds come from the oracle, and only when they are collected.
    receive() external payable virtual {
        if (msg.sender != address(pedal)) revert OnlyPedal(msg.sender);
    }

    /// @inheritdoc ILoProd
    function onAnswer(uint256 id, bytes calldata result) external {
        _take(id);
        _answered(id, result);
    }

    /// @inheritdoc ILoProd
    function onFailure(uint256 id, Reason reason) external {
        _take(id);
        _failed(id, reason);
    }

    /// @dev What to do with a result: called at most once for a request.
    function _answered(uint256 id, bytes calldata result) internal virtual;

    /// @dev What to do when there will be none.
    function _failed(uint256 id, Reason reason) internal virtual;

    /// @dev Asks with so much of this contract's money as deposit.
    function _request(bytes32 job, bytes memory spec, uint64 expiresAt, uint32 callbackGas, uint256 depositWei)
        internal
        returns (uint256 id)
    {
        id = pedal.request{value: depositWei}(job, spec, expiresAt, callbackGas);
        _asked[id] = true;
    }

    /// @dev Fetches refunds into this contract.
    function _collect() internal returns (uint256) {
        return pedal.owedTo(address(this)) == 0 ? 0 : pedal.collect();
    }

    /// @dev Forgets a request whose callback failed.
    function _forget(uint256 id) internal {
        delete _asked[id];
    }

    function _take(uint256 id) private {
        if (msg.sender != address(pedal)) revert OnlyPedal(msg.sender);
        if (!_asked[id]) revert NotAsked(id);
        delete _asked[id];
    }
}
