// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A plain ERC-20 whose first holders are the benchmark's accounts.
contract BenchToken is ERC20 {
    constructor(address[] memory holders) ERC20("Benchmark", "BENCH") {
        for (uint256 index = 0; index < holders.length; index++) _mint(holders[index], 1e24);
    }
}
