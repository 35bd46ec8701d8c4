"""What an error of botocore means for the operator.

Belongs here: the table from error codes to words, cure and whether a retry may help. Does not belong here: calls. Only
the code of an answer is repeated, never its text or the request, which may carry credentials.
"""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.exceptions import ClientError

from crm_pipeline.errors import StoreError
from crm_pipeline.storage.interface import missing, present

_REFUSED = {
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "401",
    "403",
}
_ABSENT = {"NoSuchKey", "404"}
_PRESENT = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_TRANSIENT = {
    "BadDigest",
    "InternalError",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.TokenRetrievalError,
)
_UNREACHABLE = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError, boto.ResponseStreamingError)


def translated(error: BaseException, *, where: str, bucket: str, key: str) -> StoreError:
    """The `StoreError` for an error of boto3, botocore or s3transfer."""
    error = _cause(error)
    if isinstance(error, ClientError):
        return _from_answer(error, where=where, bucket=bucket, key=key)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreError(
            where=where,
            expected="credentials for the store",
            found="none or an unfinished set",
            cure="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, for this process.",
            transient=False,
        )
    if isinstance(error, boto.FlexibleChecksumError):
        return _trouble(where, key, "an object with another checksum than the service says", transient=True)
    if isinstance(error, boto.SSLError):
        return _trouble(where, key, "a TLS certificate that is not trusted or a broken handshake", transient=False)
    if isinstance(error, _UNREACHABLE):
        return StoreError(
            where=where,
            expected="an answer from the store",
            found=f"none ({type(error).__name__})",
            cure="Check the endpoint's address, the network and the proxy, then try again.",
            transient=True,
        )
    return _trouble(where, key, f"a refused request ({type(error).__name__})", transient=False)


def _from_answer(error: ClientError, *, where: str, bucket: str, key: str) -> StoreError:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchBucket":
        return StoreError(
            where=where,
            expected=f"a bucket named {bucket}",
            found="none",
            cure="Create the bucket or correct `to`.",
            transient=False,
        )
    if code in _REFUSED:
        return StoreError(
            where=where,
            expected="credentials that may read, write and list here",
            found=f"a refusal ({code})",
            cure="Check the credentials and the rights on bucket and prefix.",
            transient=False,
        )
    if code in _ABSENT:
        return missing(where, key)
    if code in _PRESENT:
        return present(where, key)
    return _trouble(where, key, f"{code} (HTTP {status})", transient=code in _TRANSIENT or status >= 500)


def _trouble(where: str, key: str, found: str, *, transient: bool) -> StoreError:
    cure = "Try again later." if transient else "Look the code up in the service's documentation."
    return StoreError(
        where=f"{where}/{key}" if key else where, expected="success", found=found, cure=cure, transient=transient
    )


def _cause(error: BaseException) -> BaseException:
    """The botocore error inside the ones that boto3 wraps around it."""
    while not isinstance(error, boto.BotoCoreError | ClientError):
        inner = error.__cause__ or error.__context__
        if inner is None:
            return error
        error = inner
    return error
