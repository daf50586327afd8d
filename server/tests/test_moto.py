# SPDX-License-Identifier: Apache-2.0
"""The bucket's store against moto, an S3 that others wrote (PyPI; `make test-full`), with whatever botocore is there."""

import os

import pytest
import s3_fake

pytest.importorskip("botocore", reason="python3-boto3 is not there (scripts/install_packages.sh server)")
server = pytest.importorskip("moto.server", reason="moto is PyPI's: `make test-full` has it")


def test_the_store_over_moto():
    import botocore.session
    from zkinfer_server.objects import StoreUnavailable
    from zkinfer_server.s3 import S3Store

    moto = server.ThreadedMotoServer("127.0.0.1", 0)
    moto.start()
    try:
        url = "http://{}:{}".format(*moto.get_host_and_port())
        store = S3Store("s3://answers/live", url, s3_fake.ENVIRONMENT)
        with pytest.raises(StoreUnavailable, match="there is no bucket 'answers'"):
            store.check()
        client = botocore.session.get_session().create_client("s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y")
        client.create_bucket(Bucket="answers", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        store = S3Store("s3://answers/live", url, s3_fake.ENVIRONMENT)
        store.check()
        contents = [os.urandom(1000 * number) for number in range(1100)][:1100:100] + [bytes([n % 256, n // 256]) for n in range(1010)]
        refs = [store.put("proofs", data) for data in contents]  # more than a page of a listing
        assert [store.get(ref) for ref in refs[:20]] == contents[:20]
        assert sorted(store.every()) == sorted(set(refs)) and list(store.older_than(3600)) == []
        for ref in refs:
            store.remove(ref)
        assert list(store.every()) == [] and store.get(refs[0]) is None
    finally:
        moto.stop()
