"""DynamoDB's representation of the values that we store: each value is a map from its type to its content. Pure.

boto3 has the same conversion for more types. It costs a function boto3's whole import at each start, and a worker much
of the time between two calls (bench rows "Lambda cold start" and "worker, steady events"); tests compare both.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

AttributeValue = Mapping[str, Any]


def to_attribute_value(value: object) -> dict[str, Any]:
    """Return the value as DynamoDB represents it; sets have texts only.

    Raises:
        TypeError: The value has a type that no row has, such as float, which would lose digits.
    """
    match value:
        case str():
            return {"S": value}
        case bool():  # before numbers, because Python's booleans are numbers
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case Mapping():
            return {"M": {name: to_attribute_value(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [to_attribute_value(each) for each in value]}
        case set() | frozenset():
            return {"SS": list(value)}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"no row has a value of the type {type(value).__name__}")


def from_attribute_value(wire: AttributeValue) -> Any:  # noqa: ANN401 -- a value of any type
    """Return the plain value; numbers are `Decimal`, sets are sets.

    Raises:
        TypeError: The value has a type that no row has.
    """
    ((kind, content),) = wire.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return Decimal(content)
        case "M":
            return {name: from_attribute_value(each) for name, each in content.items()}
        case "L":
            return [from_attribute_value(each) for each in content]
        case "SS":
            return set(content)
        case "NULL":
            return None
        case _:
            raise TypeError(f"no row has a value of DynamoDB's type {kind}")
