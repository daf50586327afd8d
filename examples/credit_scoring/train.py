#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains credit.onnx again, on applicants that are made up here (python3-torch)."""
import pathlib

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent


def applicants(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """income (thousands a year), debt (thousands), years in the job, late payments, age; and whether the credit was paid back."""
    random = np.random.default_rng(seed)
    income = random.lognormal(3.6, 0.5, count)
    debt = random.lognormal(2.5, 0.9, count)
    years = random.exponential(5, count).clip(0, 40)
    late = random.poisson(1.2, count)
    age = random.uniform(20, 70, count)
    risk = 0.9 * late + 1.4 * debt / income - 0.12 * years - 0.01 * (age - 40) - 1.6
    paid = random.uniform(size=count) > 1 / (1 + np.exp(-risk))
    return np.stack([income, debt, years, late, age], axis=1).round(1).astype("float32"), paid.astype("float32")


class Scorer(torch.nn.Module):
    """The whole way from an applicant's numbers to a score; what it does with them is proven too."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.net = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.ReLU(), torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))

    def logit(self, applicant: torch.Tensor) -> torch.Tensor:
        return self.net((applicant - self.mean) / self.std)

    def forward(self, applicant: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.logit(applicant))


def main() -> None:
    torch.manual_seed(1)
    rows, paid = (torch.from_numpy(array) for array in applicants(4000, seed=1))
    scorer = Scorer(rows.mean(0), rows.std(0))
    optimizer = torch.optim.Adam(scorer.net.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(scorer.logit(rows)[:, 0], paid).backward()
        optimizer.step()
    test, truth = (torch.from_numpy(array) for array in applicants(2000, seed=2))
    scorer.eval()
    print(f"right on {100 * ((scorer(test)[:, 0] > 0.5) == (truth > 0.5)).float().mean():.1f} % of applicants that it has not seen")
    torch.onnx.export(scorer, rows[:1], HERE / "credit.onnx", input_names=["applicant"], output_names=["score"], opset_version=17)
    np.save(HERE / "applicants.npy", rows[:100].numpy())


if __name__ == "__main__":
    main()
