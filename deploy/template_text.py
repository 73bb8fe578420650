"""Shortens a template to CloudFormation's limit for the body of a request. Pure.

A longer template would have to be in S3, in a bucket that doesn't exist before the first stack.
"""

MAX_BYTES = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def without_comments(template: str) -> str:
    r"""Return the YAML template without its empty lines and the lines that are only a comment.

    A line of a block scalar that begins with # would be lost too, so a test compares the parsed templates.

    >>> without_comments("# first\nResources:\n\n  # the queue\n  Q: {Type: AWS::SQS::Queue} # kept\n")
    'Resources:\n  Q: {Type: AWS::SQS::Queue} # kept\n'
    """
    kept = [line for line in template.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in kept)
