// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What the model says: the interpreter of a verification program's sections behind the parameters. It sees no proof.
interface IZkInferFunctionals {
    // program: the data contract. request: words, all of lengths that the program fixes. An element of K is c0 | c1 << 85 | c2 << 170;
    // "lazy" ones may have lanes that are not reduced, below 2^70.
    //     alpha, beta, gamma, delta
    //     leaf point      log2 of the lookups' leaves, the most significant coordinate first
    //     tau             tau's bits
    //     rounds' point   rounds of the contractions' sumcheck
    //     pad weights     of the plain pads, then of A, B, C: the coefficients of the pad column in U_W, lazy
    //     opening point   of the index of v_1, the lowest bit first
    //     lane weights    2^k of each base oracle in turn (M, D_i, W), with the oracle's factors 1/2, lazy
    //     public values   elements of F: of each public tensor, row-major, then the words of digests that the circuit computes
    // mu: what the constraints' constants give, weighted by powers of delta, but for all that comes from messages, and for the pins.
    // value: sum over the base oracles of sum_lane lane weight sum_row eq(opening point, begin + row) U[lane][row], pads included, pins
    // not. Both reduced.
    function evaluate(address program, uint256[] calldata request) external view returns (uint256 mu, uint256 value);
}
