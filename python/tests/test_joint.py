# SPDX-License-Identifier: Apache-2.0
"""Joint proofs: every owner of a seat checks his own request, and nothing else with it."""
import pickle

import numpy as np
import pytest

import zkinfer


@pytest.fixture(scope="module")
def made(model, flowers):
    key = model.commit(proofs=8)
    rows = flowers[:5]
    contexts = [f"request {number}" for number in range(5)]
    return key, rows, contexts, key.prove_joint(rows, contexts, seats=8)


def seat(key, model, rows, contexts, joint, number, **change):
    info = key.public.info.input_tensors[0]
    scale, low, high = info.format.scale, info.format.lo, info.format.hi
    integers = np.clip(np.floor(rows[number].astype(np.float64) / scale + 0.5), low, high).astype(np.int64)
    outputs = {tensor.name: values for tensor, values in zip(key.public.info.output_tensors, joint.integers[number])}
    given = {"seat": joint.seats[number], "inputs": {info.name: integers}, "outputs": outputs, "context": contexts[number], **change}
    return zkinfer.Seat(**given)


def test_each_checks_his_own(made, model, tmp_path):
    key, rows, contexts, joint = made
    seats = [seat(key, model, rows, contexts, joint, number) for number in range(5)]
    for number, one in enumerate(seats):
        (said,) = zkinfer.verify_joint(joint, one, key.public)
        assert np.array_equal(said.output, model.run(rows[number]).output) and said.num_seats == 8 and said.context == contexts[number]
        assert said.identity == key.public.identity and said.weights == "certified"
    assert [said.slot for said in zkinfer.verify_joint(joint, seats, key.public)] == [zkinfer.verify_joint(joint, seats[0], key.public)[0].slot] * 5
    joint.save(tmp_path / "x.zkjoint")
    (tmp_path / "x.zkseat").write_bytes(joint.seats[2])
    assert zkinfer.verify_joint(tmp_path / "x.zkjoint", seats[2]._replace(seat=tmp_path / "x.zkseat"), key.public)[0].num_seats == 8
    again = pickle.loads(pickle.dumps(joint))
    assert again.to_bytes() == joint.to_bytes() and again.seats == ()
    assert all(np.array_equal(row[0], model.run(rows[number]).output) for number, row in enumerate(joint.rows))


def test_what_is_rejected(made, model):
    key, rows, contexts, joint = made
    own = seat(key, model, rows, contexts, joint, 0)
    other = seat(key, model, rows, contexts, joint, 1)
    bad = [own._replace(seat=other.seat), own._replace(inputs=other.inputs), own._replace(context="another"), own._replace(seat=b""), own._replace(seat=own.seat[:-32])]
    changed = {name: values.copy() for name, values in own.outputs.items()}
    next(iter(changed.values())).ravel()[0] += 1
    for one in [*bad, own._replace(outputs=changed), own._replace(inputs={}), own._replace(outputs={})]:
        with pytest.raises(zkinfer.Rejected):
            zkinfer.verify_joint(joint, one, key.public)
        with pytest.raises(zkinfer.Rejected):
            zkinfer.verify_joint(joint, [other, one], key.public)


def test_what_is_refused(made, model, flowers):
    key, rows, contexts, joint = made
    with pytest.raises(zkinfer.InputError, match="same context"):
        key.prove_joint(flowers[:2], ["a", "a"])
    with pytest.raises(zkinfer.InputError, match="contexts"):
        key.prove_joint(flowers[:2], ["a"])
    with pytest.raises(zkinfer.InputError, match="seats"):
        key.prove_joint(flowers[:3], ["a", "b", "c"], seats=2)
    with pytest.raises(zkinfer.InputError, match="power of two"):
        key.prove_joint(flowers[:3], ["a", "b", "c"], seats=3)
    with pytest.raises(zkinfer.InputError):
        zkinfer.verify_joint(joint, [], key.public)
    with pytest.raises(zkinfer.InputError, match="verify_joint"):
        zkinfer.verify(joint, key.public)
    with pytest.raises(zkinfer.InputError):
        zkinfer.verify_joint(key.prove(flowers[0]), seat(key, model, rows, contexts, joint, 0), key.public)
    assert key.usual_seats == 128
    left = key.num_proofs_left
    two = [key.prove_joint(flowers[:2], ["a", "b"]) for _ in range(2)]
    assert two[0].seats[0] != two[1].seats[0] and two[0].to_bytes() != two[1].to_bytes() and key.num_proofs_left == left - 2
