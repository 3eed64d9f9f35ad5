// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Unidirectional payment channels in the chain's own coin
/// @notice A payer locks a deposit for one payee and then pays off chain by signing vouchers: each states the whole amount owed
/// so far.
/// The payee brings its best voucher here. Nothing is ever valid on two channels, contracts or chains: the channel's id is a
/// hash over
/// chain, contract, payer, payee and nonce, and the signed data is bound to chain and contract once more (EIP-712).
contract PaymentChannels is EIP712 {
    /// @notice Shortest time a payee has to answer a payer's close. Long against block time and a restart of the payee.
    uint256 public constant CHALLENGE_SECONDS_MIN = 60;
    /// @notice Longest: a payer must not lock itself out for more than a month.
    uint256 public constant CHALLENGE_SECONDS_MAX = 30 days;

    bytes32 private constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint256 cumulativeAmountWei)");
    /// @dev `closingAt` of a channel that is over. The slot is kept: an id is never used twice, so an old voucher can never
    /// live again.
    uint40 private constant CLOSED = type(uint40).max;

    enum Status {
        None,
        Open,
        Closing,
        Withdrawable,
        Closed
    }

    enum Actor {
        Nobody,
        Payer,
        Payee
    }

    /// @dev One storage slot.
    struct Channel {
        uint96 deposit;
        uint96 claimed;
        uint40 closingAt;
        uint24 challengeSeconds;
    }

    struct ChannelView {
        Status status;
        uint96 depositWei;
        uint96 claimedWei;
        /// @dev Seconds since the epoch; 0 unless the payer has started the close.
        uint64 closingAt;
        uint32 challengeSeconds;
        /// @dev Who has to act next, lest it lose or leave money behind.
        Actor actsNext;
        /// @dev When that turn ends; 0 when it has no end.
        uint64 deadline;
    }

    event Opened(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        uint64 nonce,
        uint256 depositWei,
        uint256 challengeSeconds
    );
    event ToppedUp(bytes32 indexed channelId, uint256 addedWei, uint256 depositWei);
    event Claimed(bytes32 indexed channelId, uint256 paidWei, uint256 claimedWei);
    event CloseStarted(bytes32 indexed channelId, uint256 closingAt);
    /// @notice The channel is over: `claimedWei` went to the payee in all, `refundedWei` back to the payer.
    event Closed(bytes32 indexed channelId, uint256 claimedWei, uint256 refundedWei);

    error InvalidPayee(address payee);
    error EmptyDeposit();
    error DepositTooLarge(uint256 depositWei);
    error ChallengeOutOfBounds(uint256 challengeSeconds, uint256 atLeast, uint256 atMost);
    error ChannelExists(bytes32 channelId);
    error UnknownChannel(bytes32 channelId);
    error ChannelIsClosed(bytes32 channelId);
    error NotHigher(uint256 claimedWei, uint256 cumulativeWei);
    error AboveDeposit(uint256 depositWei, uint256 cumulativeWei);
    error NotSignedByPayer(address payer, address signer);
    error AlreadyClosing(uint256 closingAt);
    error NotClosing(bytes32 channelId);
    error TooEarly(uint256 closingAt, uint256 timestamp);
    error TransferFailed(address to, uint256 amountWei);

    mapping(bytes32 channelId => Channel) private _channels;

    constructor() EIP712("Treadle Payment Channels", "1") {}

    /// @notice Opens a channel from the caller to `payee` with the value sent as its deposit.
    function open(address payee, uint64 nonce, uint32 challengeSeconds) external payable returns (bytes32 channelId) {
        if (payee == address(0) || payee == msg.sender || payee == address(this)) revert InvalidPayee(payee);
        if (msg.value == 0) revert EmptyDeposit();
        if (msg.value > type(uint96).max) revert DepositTooLarge(msg.value);
        if (challengeSeconds < CHALLENGE_SECONDS_MIN || challengeSeconds > CHALLENGE_SECONDS_MAX) {
            revert ChallengeOutOfBounds(challengeSeconds, CHALLENGE_SECONDS_MIN, CHALLENGE_SECONDS_MAX);
        }
        channelId = channelIdOf(msg.sender, payee, nonce);
        if (_channels[channelId].challengeSeconds != 0) revert ChannelExists(channelId);
        _channels[channelId] = Channel(uint96(msg.value), 0, 0, uint24(challengeSeconds));
        emit Opened(channelId, msg.sender, payee, nonce, msg.value, challengeSeconds);
    }

    /// @notice Raises the deposit; a close under way keeps its time. Anyone may pay in, a refund goes to the payer.
    function topUp(bytes32 channelId) external payable {
        Channel memory channel = _live(channelId);
        if (msg.value == 0) revert EmptyDeposit();
        uint256 deposit = uint256(channel.deposit) + msg.value;
        if (deposit > type(uint96).max) revert DepositTooLarge(deposit);
        channel.deposit = uint96(deposit);
        _channels[channelId] = channel;
        emit ToppedUp(channelId, msg.value, deposit);
    }

    /// @notice Pays the payee what the voucher adds to what it has had. Anyone may bring it; possible until the withdrawal has
    /// executed.
    function claim(address payer, address payee, uint64 nonce, uint256 cumulativeWei, bytes calldata signature) external {
        bytes32 channelId = channelIdOf(payer, payee, nonce);
        Channel memory channel = _live(channelId);
        uint256 paid = _redeem(channelId, channel, payer, cumulativeWei, signature);
        _channels[channelId] = channel;
        emit Claimed(channelId, paid, cumulativeWei);
        _send(payee, paid);
    }

    /// @notice The payee closes at once: takes what its last voucher adds and gives the rest back. With an amount of 0 and no
    /// signature it closes without a voucher.
    function cooperativeClose(address payer, uint64 nonce, uint256 cumulativeWei, bytes calldata signature) external {
        bytes32 channelId = channelIdOf(payer, msg.sender, nonce);
        Channel memory channel = _live(channelId);
        uint256 paid;
        if (cumulativeWei != 0 || signature.length != 0) paid = _redeem(channelId, channel, payer, cumulativeWei, signature);
        uint256 refund = uint256(channel.deposit) - channel.claimed;
        channel.closingAt = CLOSED;
        _channels[channelId] = channel;
        emit Closed(channelId, channel.claimed, refund);
        _send(msg.sender, paid);
        _send(payer, refund);
    }

    /// @notice The payer starts to close; the payee may claim for the challenge time, and after it until the payer withdraws.
    function startClose(address payee, uint64 nonce) external {
        bytes32 channelId = channelIdOf(msg.sender, payee, nonce);
        Channel memory channel = _live(channelId);
        if (channel.closingAt != 0) revert AlreadyClosing(channel.closingAt);
        channel.closingAt = uint40(block.timestamp + channel.challengeSeconds);
        _channels[channelId] = channel;
        emit CloseStarted(channelId, channel.closingAt);
    }

    /// @notice The payer takes back what was not claimed, once its close has run the challenge time.
    function withdraw(address payee, uint64 nonce) external {
        bytes32 channelId = channelIdOf(msg.sender, payee, nonce);
        Channel memory channel = _live(channelId);
        if (channel.closingAt == 0) revert NotClosing(channelId);
        if (block.timestamp < channel.closingAt) revert TooEarly(channel.closingAt, block.timestamp);
        uint256 refund = uint256(channel.deposit) - channel.claimed;
        channel.closingAt = CLOSED;
        _channels[channelId] = channel;
        emit Closed(channelId, channel.claimed, refund);
        _send(msg.sender, refund);
    }

    /// @notice The state of a channel, who acts next and until when.
    function channelOf(bytes32 channelId) external view returns (ChannelView memory result) {
        Channel memory channel = _channels[channelId];
        if (channel.challengeSeconds == 0) return result;
        result.depositWei = channel.deposit;
        result.claimedWei = channel.claimed;
        result.challengeSeconds = channel.challengeSeconds;
        if (channel.closingAt == CLOSED) {
            result.status = Status.Closed;
        } else if (channel.closingAt == 0) {
            result.status = Status.Open;
        } else {
            result.closingAt = channel.closingAt;
            if (block.timestamp < channel.closingAt) {
                (result.status, result.actsNext, result.deadline) = (Status.Closing, Actor.Payee, channel.closingAt);
            } else {
                (result.status, result.actsNext) = (Status.Withdrawable, Actor.Payer);
            }
        }
    }

    function channelIdOf(address payer, address payee, uint64 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), payer, payee, nonce));
    }

    /// @notice The EIP-712 digest a payer signs.
    function voucherDigest(bytes32 channelId, uint256 cumulativeWei) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, cumulativeWei)));
    }

    function _live(bytes32 channelId) private view returns (Channel memory channel) {
        channel = _channels[channelId];
        if (channel.challengeSeconds == 0) revert UnknownChannel(channelId);
        if (channel.closingAt == CLOSED) revert ChannelIsClosed(channelId);
    }

    /// @dev Checks a voucher and books it in `channel` (memory); returns what it adds.
    function _redeem(bytes32 channelId, Channel memory channel, address payer, uint256 cumulativeWei, bytes calldata signature)
        private
        view
        returns (uint256 paid)
    {
        uint256 claimed = channel.claimed;
        if (cumulativeWei <= claimed) revert NotHigher(claimed, cumulativeWei);
        if (cumulativeWei > channel.deposit) revert AboveDeposit(channel.deposit, cumulativeWei);
        bytes32 digest = voucherDigest(channelId, cumulativeWei);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure != ECDSA.RecoverError.NoError || signer != payer) revert NotSignedByPayer(payer, signer);
        channel.claimed = uint96(cumulativeWei);
        return cumulativeWei - claimed;
    }

    /// @dev Always the last thing a function does with that party's money: the books are closed before. What the receiver
    /// returns is
    /// not copied, so it cannot make the caller pay for memory.
    function _send(address to, uint256 amountWei) private {
        if (amountWei == 0) return;
        bool sent;
        assembly ("memory-safe") {
            sent := call(gas(), to, amountWei, 0, 0, 0, 0)
        }
        if (!sent) revert TransferFailed(to, amountWei);
    }
}
