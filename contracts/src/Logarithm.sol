// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Logarithms to the base 2, in units of 2^-64. `log2Down` is never above the true one, `log2Up` never below it; they are 2^-46 apart.

int256 constant LOG_ONE = 1 << 64;
uint256 constant LOG_DIGITS = 48;

// x > 0.
function log2Down(uint256 x) pure returns (int256 log) {
    uint256 bits = 0;
    for (uint256 step = 128; step != 0; step >>= 1) {
        if (x >> (bits + step) != 0) bits += step;
    }
    // x 2^-bits in [1, 2), in units of 2^-127, rounded down; so is each square: what comes out is below.
    uint256 m = bits > 127 ? x >> (bits - 127) : x << (127 - bits);
    uint256 digits = 0;
    for (uint256 i = 0; i < LOG_DIGITS; ++i) {
        unchecked {
            // m < 2^128
            m = (m * m) >> 127;
        }
        digits <<= 1;
        if (m >> 128 != 0) {
            m >>= 1;
            digits |= 1;
        }
    }
    log = int256((bits << 64) | (digits << (64 - LOG_DIGITS)));
}

// What rounding takes off above: less than 2^-48 for the digits that are left out, and 2^-126 2^1 .. for those of m, which double with each
// square and count half as much: less than 48 times 2^-126 together.
function log2Up(uint256 x) pure returns (int256) {
    return log2Down(x) + int256(1 << (64 - LOG_DIGITS + 1));
}

// An upper bound on log2(2^a + 2^b), good where one is far below the other: log2(1 + y) <= 1.5 y.
function logSumUp(int256 a, int256 b) pure returns (int256) {
    if (a < b) (a, b) = (b, a);
    uint256 apart = uint256(a - b) >> 64;
    return a + int256((3 << 63) >> (apart > 255 ? 255 : apart)) + 1;
}
