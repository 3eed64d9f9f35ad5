// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ICrossLedgerApp, IInbox, IOutbox, Outcome} from "./CrossLedger.sol";

/// @title Base of contracts that speak with contracts of other ledgers
/// @notice An heir calls `_send` and writes `_received` and `_settled`. Whom to listen to is the heir's business: `_received` is called
/// for any sender of any ledger that has a lane here. Source: paper IV-B (request and callback); shape: ours.
abstract contract CrossLedgerApp is ICrossLedgerApp {
    error OnlyInbox(address caller);
    error OnlyOutbox(address caller);

    IInbox public immutable inbox;
    IOutbox public immutable outbox;

    constructor(IInbox inbox_, IOutbox outbox_) {
        inbox = inbox_;
        outbox = outbox_;
    }

    /// @inheritdoc ICrossLedgerApp
    function onMessage(uint256 source, address sender, bytes calldata data) external returns (bytes memory) {
        if (msg.sender != address(inbox)) revert OnlyInbox(msg.sender);
        return _received(source, sender, data);
    }

    /// @inheritdoc ICrossLedgerApp
    function onReceipt(uint256 destination, uint64 nonce, Outcome outcome, bytes calldata data) external {
        if (msg.sender != address(outbox)) revert OnlyOutbox(msg.sender);
        _settled(destination, nonce, outcome, data);
    }

    /// @dev What to do with a message: called at most once for it. Reverting refuses it, and the sender learns the reason.
    function _received(uint256 source, address sender, bytes calldata data) internal virtual returns (bytes memory);

    /// @dev What to do when a message has ended: called at most once for it, and not at all when it needs more than its gas;
    /// `outbox.messageOf(destination, nonce)` tells the outcome in any case. After GivenUp it may have been executed.
    function _settled(uint256 destination, uint64 nonce, Outcome outcome, bytes calldata data) internal virtual;

    /// @dev Sends with so much of this contract's money as deposit; it comes back with `_collectDeposits`.
    function _send(
        uint256 destination,
        address target,
        bytes memory data,
        uint64 expiresAt,
        uint32 gas_,
        uint32 callbackGas,
        uint256 depositWei
    ) internal returns (uint64 nonce) {
        return outbox.send{value: depositWei}(destination, target, data, expiresAt, gas_, callbackGas);
    }

    /// @dev Fetches deposits into this contract, which has to be able to receive them.
    function _collectDeposits() internal returns (uint256) {
        return outbox.owedTo(address(this)) == 0 ? 0 : outbox.collect();
    }
}
