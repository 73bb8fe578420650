"""The IAM actions that create each type of resource, and the simulations that test them. Pure.

This is the set whose absence stops a first deployment; it isn't a policy for a role.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COMMAND_ACTIONS: Sequence[str] = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DeleteStack",
    "cloudformation:ListStackResources",
    "cloudformation:UpdateTerminationProtection",
    "s3:PutObject",
    "s3:GetObject",
    "s3:ListBucket",
)
"""Actions of `make deploy` itself."""
OF_TYPE: Mapping[str, Sequence[str]] = {
    "AWS::ApiGatewayV2::Api": ("apigateway:POST",),
    "AWS::ApiGatewayV2::ApiMapping": ("apigateway:POST",),
    "AWS::ApiGatewayV2::DomainName": ("apigateway:POST",),
    "AWS::ApiGatewayV2::Integration": ("apigateway:POST",),
    "AWS::ApiGatewayV2::Route": ("apigateway:POST",),
    "AWS::ApiGatewayV2::Stage": ("apigateway:POST",),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling:RegisterScalableTarget",),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("application-autoscaling:PutScalingPolicy",),
    "AWS::Budgets::Budget": ("budgets:ModifyBudget",),
    "AWS::CloudFormation::WaitConditionHandle": (),
    "AWS::CloudFront::CachePolicy": ("cloudfront:CreateCachePolicy",),
    "AWS::CloudFront::Distribution": ("cloudfront:CreateDistribution",),
    "AWS::CloudFront::Function": ("cloudfront:CreateFunction", "cloudfront:PublishFunction"),
    "AWS::CloudFront::KeyGroup": ("cloudfront:CreateKeyGroup",),
    "AWS::CloudFront::OriginAccessControl": ("cloudfront:CreateOriginAccessControl",),
    "AWS::CloudFront::OriginRequestPolicy": ("cloudfront:CreateOriginRequestPolicy",),
    "AWS::CloudFront::PublicKey": ("cloudfront:CreatePublicKey",),
    "AWS::CloudFront::ResponseHeadersPolicy": ("cloudfront:CreateResponseHeadersPolicy",),
    "AWS::CloudFront::VpcOrigin": ("cloudfront:CreateVpcOrigin",),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm",),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard",),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "dynamodb:UpdateTimeToLive"),
    "AWS::EC2::InternetGateway": ("ec2:CreateInternetGateway",),
    "AWS::EC2::Route": ("ec2:CreateRoute",),
    "AWS::EC2::RouteTable": ("ec2:CreateRouteTable",),
    "AWS::EC2::SecurityGroup": ("ec2:CreateSecurityGroup",),
    "AWS::EC2::SecurityGroupEgress": ("ec2:AuthorizeSecurityGroupEgress",),
    "AWS::EC2::SecurityGroupIngress": ("ec2:AuthorizeSecurityGroupIngress",),
    "AWS::EC2::Subnet": ("ec2:CreateSubnet",),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2:AssociateRouteTable",),
    "AWS::EC2::VPC": ("ec2:CreateVpc",),
    "AWS::EC2::VPCEndpoint": ("ec2:CreateVpcEndpoint",),
    "AWS::EC2::VPCGatewayAttachment": ("ec2:AttachInternetGateway",),
    "AWS::ECR::Repository": ("ecr:CreateRepository",),
    "AWS::ECS::Cluster": ("ecs:CreateCluster",),
    "AWS::ECS::Service": ("ecs:CreateService",),
    "AWS::ECS::TaskDefinition": ("ecs:RegisterTaskDefinition",),
    "AWS::ElasticLoadBalancingV2::Listener": ("elasticloadbalancing:CreateListener",),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elasticloadbalancing:CreateLoadBalancer",),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elasticloadbalancing:CreateTargetGroup",),
    "AWS::Events::Rule": ("events:PutRule", "events:PutTargets"),
    "AWS::IAM::ManagedPolicy": ("iam:CreatePolicy",),
    "AWS::IAM::Role": ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole"),
    "AWS::KMS::Key": ("kms:CreateKey", "kms:PutKeyPolicy"),
    "AWS::Lambda::Alias": ("lambda:CreateAlias",),
    "AWS::Lambda::Version": ("lambda:PublishVersion",),
    "AWS::WAFv2::WebACL": ("wafv2:CreateWebACL",),
    "AWS::Lambda::EventInvokeConfig": ("lambda:PutFunctionEventInvokeConfig",),
    "AWS::Lambda::EventSourceMapping": ("lambda:CreateEventSourceMapping",),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "lambda:GetAccountSettings"),
    "AWS::Lambda::Permission": ("lambda:AddPermission",),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    "AWS::Logs::MetricFilter": ("logs:PutMetricFilter",),
    "AWS::MediaConvert::JobTemplate": ("mediaconvert:CreateJobTemplate",),
    "AWS::MediaConvert::Queue": ("mediaconvert:CreateQueue",),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy",),
    "AWS::SNS::Subscription": ("sns:Subscribe",),
    "AWS::SNS::Topic": ("sns:CreateTopic",),
    "AWS::SNS::TopicPolicy": ("sns:SetTopicAttributes",),
    "AWS::SQS::Queue": ("sqs:CreateQueue",),
    "AWS::SQS::QueuePolicy": ("sqs:SetQueueAttributes",),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", "iam:PassRole"),
    "AWS::SecretsManager::Secret": ("secretsmanager:CreateSecret", "secretsmanager:GetRandomPassword"),
}
"""The actions that create a resource of each type. Source: the creation handlers of the CloudFormation registry."""
ARNS: Mapping[str, str] = {
    "cloudformation": "arn:{partition}:cloudformation:{region}:{account}:stack/{name}/0",
    "dynamodb": "arn:{partition}:dynamodb:{region}:{account}:table/{name}-table",
    "ecr": "arn:{partition}:ecr:{region}:{account}:repository/{name}-images",
    "ecs": "arn:{partition}:ecs:{region}:{account}:cluster/{name}",
    "events": "arn:{partition}:events:{region}:{account}:rule/{name}-rule",
    "iam": "arn:{partition}:iam::{account}:role/{name}-role",
    "lambda": "arn:{partition}:lambda:{region}:{account}:function:{name}-function",
    "logs": "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}-service",
    "s3": "arn:{partition}:s3:::{name}-bucket",
    "secretsmanager": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-secret",
    "sns": "arn:{partition}:sns:{region}:{account}:{name}-topic",
    "sqs": "arn:{partition}:sqs:{region}:{account}:{name}-queue",
}
"""An example of a resource of the deployment, for services whose policies usually name resources; else any resource."""
UNNAMED = frozenset(
    {"lambda:CreateEventSourceMapping", "lambda:GetAccountSettings", "secretsmanager:GetRandomPassword"}
)
"""Actions that no resource limits, of services that have an example."""
POLICIES = frozenset({"iam:CreatePolicy"})
OBJECTS = frozenset({"s3:GetObject", "s3:PutObject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Actions to simulate together, for one resource."""

    resource: str
    actions: tuple[str, ...]


def needed_actions(resource_types: Sequence[str]) -> set[str]:
    """Return the actions with which a deployment of these types of resources begins."""
    return {*COMMAND_ACTIONS, *(action for each in resource_types for action in OF_TYPE.get(each, ()))}


def simulations(actions: set[str], *, partition: str, account: str, region: str, deployment: str) -> list[Simulation]:
    """Return the simulations: one for each example of a resource, and one for the actions without an example."""
    by_resource: dict[str, list[str]] = {}
    for action in sorted(actions):
        example = _example(action)
        arn = example.format(partition=partition, account=account, region=region, name=deployment)
        by_resource.setdefault(arn, []).append(action)
    return [Simulation(resource=arn, actions=tuple(names)) for arn, names in sorted(by_resource.items())]


def _example(action: str) -> str:
    if action in UNNAMED:
        return "*"
    if action in POLICIES:
        return ARNS["iam"].replace(":role/{name}-role", ":policy/{name}-policy")
    if action in OBJECTS:
        return f"{ARNS['s3']}/object"
    return ARNS.get(action.partition(":")[0], "*")


def simulated_principal(caller_arn: str) -> str | None:
    """Return the ARN of the user, or the name of the role, whose policies IAM can simulate; None for any other caller.

    >>> simulated_principal("arn:aws:sts::123456789012:assumed-role/Admin/me")
    'Admin'
    >>> simulated_principal("arn:aws:iam::123456789012:user/team/me")
    'arn:aws:iam::123456789012:user/team/me'
    >>> simulated_principal("arn:aws:iam::123456789012:root")
    """
    if assumed := re.fullmatch(r"arn:[a-z-]+:sts::\d+:assumed-role/([^/]+)/.+", caller_arn):
        return assumed[1]
    return caller_arn if re.fullmatch(r"arn:[a-z-]+:iam::\d+:user/.+", caller_arn) else None
