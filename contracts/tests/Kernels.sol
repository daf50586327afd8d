// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Channel.sol";
import "../src/Field.sol";
import "../src/Geometric.sol";
import "../src/Merkle.sol";
import {blocksOf, valueAt} from "../src/Polynomial.sol";
import {Reason} from "../src/Reason.sol";
import "../src/RowSums.sol";

// The library's functions, one by one, for comparisons with BigInt.
contract Kernels {
    function mulAll(uint256[] calldata x, uint256[] calldata y) external pure returns (uint256[] memory z) {
        z = new uint256[](5 * x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            K a = K.wrap(x[i]);
            K b = K.wrap(y[i]);
            z[5 * i] = K.unwrap(a * b);
            z[5 * i + 1] = K.unwrap(square(a));
            z[5 * i + 2] = K.unwrap(scale(a, y[i] & 0x1ffffffffffffffff));
            z[5 * i + 3] = K.unwrap(reduce(a));
            z[5 * i + 4] = K.unwrap(sub(a, reduce(b)));
        }
    }

    function unpackAll(uint256[] calldata x) external pure returns (uint256[] memory z) {
        z = new uint256[](2 * x.length);
        for (uint256 i = 0; i < x.length; ++i) {
            (K y, bool canonical) = unpack(x[i]);
            z[2 * i] = K.unwrap(y);
            z[2 * i + 1] = canonical ? 1 : 0;
        }
    }

    function challengeFrom(bytes32 state) external pure returns (uint256) {
        return K.unwrap(challengeOf(state));
    }

    function eqTable(uint256[] memory point, uint256 factor) external pure returns (uint256[] memory z) {
        z = new uint256[](1 << point.length);
        uint256 from;
        uint256 to;
        assembly ("memory-safe") {
            from := add(point, 0x20)
            to := add(z, 0x20)
        }
        expandEq(to, from, point.length, K.wrap(factor));
        for (uint256 i = 0; i < z.length; ++i) z[i] = K.unwrap(reduce(K.wrap(z[i])));
    }

    // Both ways, of a base in F.
    function rangeSums(uint256[] memory point, uint256 begin, uint256 end, uint256 x)
        external
        pure
        returns (uint256, uint256)
    {
        uint256 from;
        assembly ("memory-safe") {
            from := add(point, 0x20)
        }
        K general = rangeSum(from, point.length, begin, end, K.wrap(x));
        RowPart[] memory parts = makeRowParts(from, point.length, begin, end);
        return (K.unwrap(reduce(general)), K.unwrap(reduce(rowSum(parts, x))));
    }

    function indicesOf(bytes32 state, uint256 count, uint256 bits) external pure returns (uint256[] memory z) {
        uint256 from = drawIndices(state, count, bits);
        z = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) z[i] = load(from + 32 * i);
    }

    function pointsOf(uint256[] calldata indices, uint256 bits) external pure returns (uint256[] memory z) {
        uint256 table = pointTable(bits);
        z = new uint256[](indices.length);
        for (uint256 i = 0; i < indices.length; ++i) z[i] = pointOf(table, indices[i]);
    }

    function polynomialAt(uint256[] memory coefs, uint256 x) external pure returns (uint256) {
        uint256 from;
        assembly ("memory-safe") {
            from := add(coefs, 0x20)
        }
        (uint256 blocks, uint256 blocksEnd) = blocksOf(from, coefs.length);
        return K.unwrap(valueAt(blocks, blocksEnd, x));
    }

    // Folds of a row: of its limbs, and as elements of K; 1 for canonical ones in front.
    function folds(bytes calldata row, uint256[] memory weights, bool extension)
        external
        pure
        returns (bool canonical, uint256 z)
    {
        uint256 from;
        uint256 at_;
        assembly ("memory-safe") {
            from := add(weights, 0x20)
            at_ := row.offset
        }
        uint256 limbs = spread(from, weights.length);
        K value;
        (value, canonical) =
            extension ? foldExtensionRow(at_, limbs, weights.length) : foldBaseRow(at_, limbs, weights.length);
        z = K.unwrap(value);
    }

    // Answers a reason like a verifier.
    function multiproof(bytes calldata proof, bytes32 root, uint256 bits, uint256[] memory indices, uint256 rowBytes)
        external
        pure
        returns (Reason)
    {
        Channel memory channel;
        uint256 start;
        uint256 from;
        assembly ("memory-safe") {
            start := proof.offset
            from := add(indices, 0x20)
        }
        channel.end = start + proof.length;
        channel.cursor = start + rowBytes * indices.length;
        checkMultiproof(channel, root, bits, from, indices.length, start, rowBytes);
        return channel.cursor == channel.end ? Reason.None : Reason.TrailingBytes;
    }
}
