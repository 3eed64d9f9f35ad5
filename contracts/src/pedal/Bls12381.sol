// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title BLS signatures on the curve BLS12-381
/// @notice Public keys are in G1, signatures in G2, messages are 32-byte digests, the ciphersuite is Ethereum's:
/// BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. Points are written as EIP-2537 has them: 128 bytes in G1 (x, y), 256 in G2
/// (x0, x1, y0, y1), each coordinate below the modulus in 64 bytes, 16 zeros first; all zeros is the point at infinity. A point
/// has one such form, and a key has one signature per message: neither can be restated.
///
/// What the checks answer for a point that is none (wrong length, off the curve, outside of the group of prime order, a
/// coordinate not reduced) is false, as for a wrong signature. The key at infinity is refused: everything without a signer would be
/// signed by it. The precompiles of the curve burn all gas that they are given when they fail, so they are given exactly
/// their price, and a call that cannot pay it is reverted ({NotEnoughGas}, {CurveMissing}) instead of being answered with false.
library Bls12381 {
    /// @notice A point to add is none.
    error InvalidPoint();
    /// @notice The chain does not compute on this curve, or the gas left is not enough for hashing to it.
    error CurveMissing();
    error NotEnoughGas();

    uint256 internal constant G1_BYTES = 128;
    uint256 internal constant G2_BYTES = 256;

    /// @dev Precompiles, with their prices: EIP-198, EIP-2537.
    uint256 private constant SHA256 = 0x02;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G1_MULTIPLY = 0x0c;
    uint256 private constant G2_ADD = 0x0d;
    uint256 private constant G2_MULTIPLY = 0x0e;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_TO_G2 = 0x11;
    uint256 private constant G1_ADD_GAS = 375;
    uint256 private constant G1_MULTIPLY_GAS = 12_000;
    uint256 private constant G2_ADD_GAS = 600;
    uint256 private constant G2_MULTIPLY_GAS = 22_500;
    uint256 private constant PAIRING_GAS = 37_700;
    uint256 private constant PAIRING_GAS_PER_PAIR = 32_600;

    /// @dev The modulus of the field: 16 and 32 bytes of its 48.
    uint256 private constant MODULUS_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant MODULUS_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev The ciphersuite's name and its length in a byte (RFC 9380, section 5.3.1): 32 and 12 bytes.
    bytes32 private constant SUITE_START = "BLS_SIG_BLS12381G2_XMD:SHA-256_S";
    bytes32 private constant SUITE_END = "SWU_RO_POP_\x2b";

    /// @dev The generator of G1 with the other sign.
    bytes private constant NEGATED_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
        hex"6c55e83ff97a1aeffb3af00adb22c6bb00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2"
        hex"67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice The point of G2 that a signature of `message` is a multiple of (RFC 9380, hash_to_curve).
    function hashToG2(bytes32 message) internal view returns (bytes memory) {
        bytes memory elements = _hashToField(message);
        bytes memory point = new bytes(G2_BYTES);
        bool done;
        assembly ("memory-safe") {
            // The two mapped points stand where the next allocation would: nothing is allocated before they are added.
            let mapped := mload(0x40)
            // Operands are evaluated from the right: the call first, then the size of what it returned.
            done := and(eq(returndatasize(), 256), staticcall(gas(), MAP_TO_G2, add(elements, 32), 128, mapped, 256))
            done := and(
                done,
                and(eq(returndatasize(), 256), staticcall(gas(), MAP_TO_G2, add(elements, 160), 128, add(mapped, 256), 256))
            )
            done := and(done, and(eq(returndatasize(), 256), staticcall(gas(), G2_ADD, mapped, 512, add(point, 32), 256)))
        }
        if (!done) revert CurveMissing();
        return point;
    }

    /// @notice The sum of two points of the curve of G1; whether they are in the group is not looked at: {verify} does.
    function addG1(bytes memory left, bytes memory right) internal view returns (bytes memory) {
        if (left.length != G1_BYTES || right.length != G1_BYTES) revert InvalidPoint();
        (bool done, bytes memory sum) = _call(G1_ADD, G1_ADD_GAS, bytes.concat(left, right), G1_BYTES);
        if (!done) revert InvalidPoint();
        return sum;
    }

    /// @notice The sum of points as {addG1} adds them, infinity for none: the common key of those who sign one message.
    function sumG1(bytes[] memory points) internal view returns (bytes memory) {
        if (points.length == 0) return new bytes(G1_BYTES);
        if (points[0].length != G1_BYTES) revert InvalidPoint();
        // The sum so far, and after it the point to add.
        bytes memory sum = bytes.concat(points[0], new bytes(G1_BYTES));
        for (uint256 index = 1; index < points.length; index++) {
            bytes memory point = points[index];
            if (point.length != G1_BYTES) revert InvalidPoint();
            _requireGas(G1_ADD_GAS);
            bool done;
            assembly ("memory-safe") {
                mcopy(add(sum, 160), add(point, 32), 128)
                done := and(eq(returndatasize(), 128), staticcall(G1_ADD_GAS, G1_ADD, add(sum, 32), 256, add(sum, 32), 128))
            }
            if (!done) revert InvalidPoint();
        }
        assembly ("memory-safe") {
            mstore(sum, 128)
        }
        if (points.length == 1) return addG1(sum, new bytes(G1_BYTES));
        return sum;
    }

    /// @notice Whether `signature` is the one of `publicKey` for `message`: e(-g, signature) e(publicKey, H(message)) = 1.
    /// For a message that several signed, the key is the sum of theirs; each of them has to have proved that it has its secret.
    function verify(bytes memory publicKey, bytes32 message, bytes memory signature) internal view returns (bool) {
        if (!_mayBeKey(publicKey) || signature.length != G2_BYTES) return false;
        return _productIsOne(bytes.concat(NEGATED_GENERATOR, signature, publicKey, hashToG2(message)));
    }

    /// @notice Whether {verify} holds for both, for less: with a factor r of 128 bits that nobody can choose, drawn from all that
    /// is checked, e(-g, signature1 + r signature2) e(key1, H(message1)) e(r key2, H(message2)) = 1. Where one of the two is
    /// wrong, that holds for one r at most.
    function verifyBoth(
        bytes memory key1,
        bytes32 message1,
        bytes memory signature1,
        bytes memory key2,
        bytes32 message2,
        bytes memory signature2
    ) internal view returns (bool) {
        if (!_mayBeKey(key1) || signature1.length != G2_BYTES) return false;
        if (!_mayBeKey(key2) || signature2.length != G2_BYTES) return false;
        uint256 factor = _factor(bytes.concat(key1, message1, signature1, key2, message2, signature2));
        // A multiplication refuses what is not in the group; a sum does not, but the pairing then refuses the sum.
        (bool done, bytes memory scaled) =
            _call(G2_MULTIPLY, G2_MULTIPLY_GAS, bytes.concat(signature2, bytes32(factor)), G2_BYTES);
        if (!done) return false;
        bytes memory signatures;
        (done, signatures) = _call(G2_ADD, G2_ADD_GAS, bytes.concat(signature1, scaled), G2_BYTES);
        if (!done) return false;
        bytes memory scaledKey;
        (done, scaledKey) = _call(G1_MULTIPLY, G1_MULTIPLY_GAS, bytes.concat(key2, bytes32(factor)), G1_BYTES);
        if (!done) return false;
        return _productIsOne(
            bytes.concat(NEGATED_GENERATOR, signatures, key1, hashToG2(message1), scaledKey, hashToG2(message2))
        );
    }

    /// @dev 128 bits of the hash, and a bit above them so that it is never zero.
    function _factor(bytes memory checked) private pure returns (uint256) {
        return (1 << 128) | uint256(uint128(uint256(keccak256(checked))));
    }

    function _mayBeKey(bytes memory key) private pure returns (bool) {
        if (key.length != G1_BYTES) return false;
        uint256 bits;
        assembly ("memory-safe") {
            bits := or(or(mload(add(key, 32)), mload(add(key, 64))), or(mload(add(key, 96)), mload(add(key, 128))))
        }
        return bits != 0;
    }

    function _productIsOne(bytes memory pairs) private view returns (bool) {
        uint256 price = PAIRING_GAS + (pairs.length / (G1_BYTES + G2_BYTES)) * PAIRING_GAS_PER_PAIR;
        (bool done, bytes memory answer) = _call(PAIRING, price, pairs, 32);
        return done && bytes32(answer) == bytes32(uint256(1));
    }

    function _call(uint256 precompile, uint256 price, bytes memory input, uint256 outputBytes)
        private
        view
        returns (bool done, bytes memory output)
    {
        output = new bytes(outputBytes);
        _requireGas(price);
        assembly ("memory-safe") {
            done := and(
                eq(returndatasize(), outputBytes),
                staticcall(price, precompile, add(input, 32), mload(input), add(output, 32), outputBytes)
            )
        }
    }

    /// @dev A call gets 63/64 of the gas that is left at most, whatever it is to be given (EIP-150).
    function _requireGas(uint256 price) private view {
        if (gasleft() < price + price / 63 + 1_000) revert NotEnoughGas();
    }

    /// @dev hash_to_field for two elements of the field's extension: four numbers of 64 bytes, reduced. The bytes that they come
    /// from are expand_message_xmd's, whose inputs share one buffer: 64 zeros | message | 01 00 00 | suite for the first hash,
    /// then from byte 66 on: (first XOR previous) | count | suite.
    function _hashToField(bytes32 message) private view returns (bytes memory elements) {
        elements = new bytes(256);
        bool done;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, 0)
            mstore(add(buffer, 32), 0)
            mstore(add(buffer, 64), message)
            mstore(add(buffer, 96), shl(232, 0x010000))
            mstore(add(buffer, 99), SUITE_START)
            mstore(add(buffer, 131), SUITE_END)
            done := staticcall(gas(), SHA256, buffer, 143, 0, 32)
            let first := mload(0)
            let write := add(elements, 32)
            mstore(add(buffer, 66), first)
            for { let count := 1 } lt(count, 9) { count := add(count, 1) } {
                mstore8(add(buffer, 98), count)
                done := and(done, staticcall(gas(), SHA256, add(buffer, 66), 77, write, 32))
                mstore(add(buffer, 66), xor(first, mload(write)))
                write := add(write, 32)
            }
            // lengths of number, exponent and modulus | number | 1 | modulus
            mstore(buffer, 64)
            mstore(add(buffer, 32), 1)
            mstore(add(buffer, 64), 64)
            mstore8(add(buffer, 160), 1)
            mstore(add(buffer, 161), MODULUS_HIGH)
            mstore(add(buffer, 193), MODULUS_LOW)
            write := add(elements, 32)
            for { let end := add(write, 256) } lt(write, end) { write := add(write, 64) } {
                mcopy(add(buffer, 96), write, 64)
                done := and(done, staticcall(gas(), MODEXP, buffer, 225, write, 64))
            }
        }
        if (!done) revert CurveMissing();
    }
}
