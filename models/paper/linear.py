"""Linear models: regularised linear Sequential Attention, and Orthogonal Matching Pursuit, which it equals.

With w the attention and b the weights, U the groups not picked, the linear form minimises

    ||X (w o b) - y||^2 + (penalty / 2) (||w_U||^2 + ||b_U||^2).

Its infimum over factors of one product u = w o b is the group LASSO's, ||X u - y||^2 + penalty * sum_U ||u_g|| (Hoff, CSDA
2017). Just under the penalty at which u_U is all zero, one group enters: that of the largest ||X_g^T residual||, the pick of
Orthogonal Matching Pursuit (Luo, Chen, "Sequential LASSO", 2014; Yasuda et al., ICLR 2023, section 4).

Throughout, x is float [rows, columns], y float [rows] or [rows, targets], and groups int [columns], the group of each column
numbered from 0; left out, each column is one. Nothing is centred or scaled: an intercept wants centred x and y.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# How far below its threshold the penalty is set, ever closer, until a single group enters.
_GAPS = [10.0**-power for power in range(2, 11)]
# Sweeps over the groups after which the minimum is taken as found, converged or not.
_SWEEPS = 10_000


def orthogonal_matching_pursuit(
    x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], k: int, groups: Sequence[int] | None = None
) -> list[int]:
    """Picks k groups: each time the one of the largest gradient norm, then projects the residual on all that is picked.

    Raises:
      ValueError: shapes do not match, or there are fewer than k groups.

    Source: Pati, Rezaiifar, Krishnaprasad, 1993; for groups Lozano, Swirszcz, Abe, NeurIPS 2009.
    """
    columns, residual, owners = _checked(x, y, k, groups)
    picked: list[int] = []
    basis = np.zeros((len(columns), 0))
    for _ in range(k):
        picked.append(_largest(_norms(columns.T @ residual, owners), picked))
        basis = _extended(basis, columns[:, owners == picked[-1]])
        residual = residual - basis @ (basis.T @ residual)
    return picked


def sequential_attention(
    x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], k: int, groups: Sequence[int] | None = None
) -> list[int]:
    """Picks k groups: each time the one of the largest attention at the exact minimum just under the penalty's threshold.

    Raises:
      ValueError: shapes do not match, or there are fewer than k groups.
    """
    columns, targets, owners = _checked(x, y, k, groups)
    picked: list[int] = []
    for _ in range(k):
        residual = targets - columns @ _least_squares(columns, targets, np.isin(owners, picked))
        # At this penalty the first group enters; just below it is alone.
        norms = 2 * _norms(columns.T @ residual, owners)
        threshold = norms[_largest(norms, picked)]
        for gap in _GAPS:
            attention, _ = minimise(columns, targets, picked, threshold * (1 - gap), owners.tolist())
            attention[picked] = 0
            if np.count_nonzero(attention) == 1:
                break
        picked.append(_largest(attention, picked))
    return picked


def minimise(
    x: npt.NDArray[np.floating],
    y: npt.NDArray[np.floating],
    picked: Sequence[int],
    penalty: float,
    groups: Sequence[int] | None = None,
) -> tuple[Floats, Floats]:
    """The exact minimum of the regularised linear form; see the module.

    Returns:
      The attention w, float64 [groups], 1 for what is picked, and the weights b, float64 [columns, targets]; the model is
      x @ (w[groups][:, None] * b).

    Raises:
      ValueError: shapes do not match.
    """
    columns, targets, owners = _checked(x, y, 0, groups)
    free = np.isin(owners, list(picked))
    basis = _extended(np.zeros((len(columns), 0)), columns[:, free])
    # Picked groups are not penalised: what they explain of everything else is taken out, and put back at the end.
    product = _group_lasso(columns - basis @ (basis.T @ columns), targets - basis @ (basis.T @ targets), penalty, owners, ~free)
    product[free] = _least_squares(columns, targets - columns @ product, free)[free]
    # Of all factors of a product u the cheapest have w = ||u||^(1/2): equal squares on both sides.
    attention = np.sqrt(_norms(product, owners))
    attention[list(picked)] = 1.0
    divisor = np.where(attention > 0, attention, 1.0)[owners]
    return attention, product / divisor[:, None]


def _group_lasso(x: Floats, y: Floats, penalty: float, owners: Ints, open_: npt.NDArray[np.bool_]) -> Floats:
    """The least of ||x u - y||^2 + penalty * sum ||u_g|| over the open columns, by proximal block steps over an active set."""
    members = {int(group): np.flatnonzero(owners == group) for group in np.unique(owners[open_])}
    # Step sizes of 1 over the Lipschitz constant of each group's gradient, so that no step can raise the objective.
    steps = {group: 1 / max(2 * float(np.linalg.norm(x[:, columns], 2)) ** 2, 1e-300) for group, columns in members.items()}
    u, residual = np.zeros((x.shape[1], y.shape[1])), y.copy()
    for _ in range(_SWEEPS):
        norms = 2 * _norms(x.T @ residual, owners)
        moved = 0.0
        for group, columns in members.items():
            # The condition under which a group of zeros stays at zero.
            if norms[group] <= penalty and not u[columns].any():
                continue
            ahead = u[columns] + steps[group] * 2 * x[:, columns].T @ residual
            size = float(np.linalg.norm(ahead))
            new = ahead * max(0.0, 1 - steps[group] * penalty / size) if size else ahead
            change: Floats = x[:, columns] @ (new - u[columns])
            # Kept up to date, so that a step costs the group's columns and not all of them.
            residual -= change
            u[columns] = new
            moved = max(moved, float(np.linalg.norm(change)))
        if moved <= 1e-13 * max(1e-300, float(np.linalg.norm(y))):
            break
    return u


def _checked(
    x: npt.NDArray[np.floating], y: npt.NDArray[np.floating], k: int, groups: Sequence[int] | None
) -> tuple[Floats, Floats, Ints]:
    columns = np.asarray(x, np.float64)
    targets = np.asarray(y, np.float64).reshape(len(y), -1)
    owners = np.arange(columns.shape[1]) if groups is None else np.asarray(groups, np.int64)
    if columns.ndim != 2 or len(columns) != len(targets) or len(owners) != columns.shape[1]:
        raise ValueError(f"shapes do not match: x {np.shape(x)}, y {np.shape(y)}, groups {np.shape(owners)}")
    if k > len(np.unique(owners)):
        raise ValueError(f"k = {k} is more than the {len(np.unique(owners))} groups there are")
    return columns, targets, owners


def _norms(values: Floats, owners: Ints) -> Floats:
    """Frobenius norm of each group's rows, [groups]."""
    return np.asarray(np.sqrt(np.bincount(owners, (values**2).sum(1))))


def _largest(values: Floats, picked: Sequence[int]) -> int:
    left = values.copy()
    left[list(picked)] = -np.inf
    return int(np.argmax(left))


def _extended(basis: Floats, columns: Floats) -> Floats:
    """An orthonormal basis of what `basis` and `columns` span; twice is enough (Giraud et al., 2005)."""
    rest = columns
    for _ in range(2):
        rest = rest - basis @ (basis.T @ rest)
    # Directions that are all but in the span already would be noise blown up to length 1.
    left, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    scale = max(1e-300, float(np.linalg.norm(columns)))
    return np.concatenate([basis, left[:, sizes > 1e-10 * scale]], axis=1)


def _least_squares(x: Floats, y: Floats, among: npt.NDArray[np.bool_]) -> Floats:
    """Weights of the columns in `among` that leave the least squares of y, 0 elsewhere, [columns, targets]."""
    weights = np.zeros((x.shape[1], y.shape[1]))
    if among.any():
        weights[among] = np.linalg.lstsq(x[:, among], y, rcond=None)[0]
    return weights
