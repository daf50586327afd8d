# SPDX-License-Identifier: Apache-2.0
"""How far a network's answers agree with the float network's, by what the answers mean: top class, boxes, embedding, values. Needs numpy.

Each function takes (got, want, sample): {output: array} of one sample twice and its inputs, and gives (agreeing, all).
"""
import numpy as np


def top_class(got, want, _sample):
    a, b = (next(iter(x.values())).ravel() for x in (got, want))
    return int(b[a.argmax()] >= b.max() - 1e-6 * abs(b).max()), 1


def likely(got, want, _sample):
    """A probability on the same side of one half."""
    a, b = (next(iter(x.values())).ravel()[0] for x in (got, want))
    return int((a > 0.5) == (b > 0.5)), 1


def exact(got, want, _sample):
    """The float network's numbers are an integer network's: the same ones."""
    return int(all((got[k] == want[k]).all() for k in want)), 1


def rebuilt(got, want, sample):
    """An autoencoder: the mean squared distance to its input, which is the anomaly score, within 1 %."""
    x = next(iter(sample.values())).astype(np.float64).ravel()
    a, b = (np.mean((next(iter(o.values())).ravel() - x)**2) for o in (got, want))
    return int(abs(a - b) <= 0.01 * b), 1


def embedding(got, want, sample):
    """The mean over the words that are there: cosine at least 0.995."""
    mask = sample["attention_mask"].ravel()[:, None]
    a, b = ((next(iter(o.values())).reshape(len(mask), -1) * mask).sum(0) for o in (got, want))
    return int(a @ b >= 0.995 * np.linalg.norm(a) * np.linalg.norm(b)), 1


def overlap(box, others):
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = lambda b: np.prod(b[..., 2:] - b[..., :2], axis=-1)  # noqa: E731
    return shared / np.maximum(area(box) + area(others) - shared, 1e-9)


def kept(boxes, scores, classes, least):
    """Non-maximum suppression: (box, class) of what a detector reports."""
    order = [i for i in np.argsort(-scores) if scores[i] > least]
    out = []
    while order:
        i = order.pop(0)
        out.append((boxes[i], classes[i]))
        if order:
            near = overlap(boxes[i], boxes[order]) > 0.4
            order = [k for k, close in zip(order, near) if not (close and classes[k] == classes[i])]
    return out


def matched(got, want):
    """Boxes of either side with one of the other's, of the same class, that overlaps by nine tenths."""
    def found(some, others):
        return sum(any(c == d and overlap(b, o[None])[0] >= 0.9 for o, d in others) for b, c in some)
    return found(got, want) + found(want, got), len(got) + len(want)


def ultraface(got, want, _sample):
    def boxes(o):
        scores = o["scores"].reshape(-1, 2)[:, 1]
        return kept(o["boxes"].reshape(-1, 4), scores, np.zeros(len(scores), int), 0.7)
    return matched(boxes(got), boxes(want))


def yunet(got, want, _sample):
    def boxes(o):
        found, scores = [], []
        for stride in (8, 16, 32):
            side = 320 // stride
            at = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * stride
            raw = o[f"bbox_{stride}"].reshape(-1, 4)
            middle, half = raw[:, :2] * stride + at, np.exp(raw[:, 2:]) * stride / 2
            found.append(np.concatenate([middle - half, middle + half], 1))
            scores.append(np.sqrt(np.clip(o[f"cls_{stride}"].ravel() * o[f"obj_{stride}"].ravel(), 0, 1)))
        scores = np.concatenate(scores)
        return kept(np.concatenate(found), scores, np.zeros(len(scores), int), 0.5)
    return matched(boxes(got), boxes(want))


YOLO_ANCHORS = (((12.64, 19.39), (37.88, 51.48), (55.71, 138.31)), ((126.91, 78.23), (131.57, 214.55), (279.92, 258.87)))


def yolo(got, want, _sample):
    def boxes(o):
        parts, found, scores, classes = list(o.values()), [], [], []
        squash = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
        for level, anchors in enumerate(YOLO_ANCHORS):
            side, stride = 22 // (level + 1), 16 * (level + 1)
            place, there, kinds = (parts[3 * level + i].reshape(-1, side, side) for i in range(3))
            kinds = np.exp(kinds - kinds.max(0))
            best, kind = (kinds / kinds.sum(0)).max(0), kinds.argmax(0)
            ys, xs = np.mgrid[:side, :side]
            for a, anchor in enumerate(anchors):
                x, y, w, h = squash(place[4 * a:4 * a + 4])
                middle = np.stack([(2 * x - 0.5 + xs) * stride, (2 * y - 0.5 + ys) * stride], -1)
                half = np.stack([(2 * w)**2 * anchor[0], (2 * h)**2 * anchor[1]], -1) / 2
                found.append(np.concatenate([middle - half, middle + half], -1).reshape(-1, 4))
                scores.append((squash(there[a]) * best).ravel())
                classes.append(kind.ravel())
        return kept(np.concatenate(found), np.concatenate(scores), np.concatenate(classes), 0.3)
    return matched(boxes(got), boxes(want))


KINDS = {"class": top_class, "likely": likely, "exact": exact, "rebuilt": rebuilt, "embedding": embedding, "ultraface": ultraface, "yunet": yunet,
         "yolo": yolo}
