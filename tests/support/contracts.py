"""A contract to try checks with."""

from __future__ import annotations

from typing import Any

CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "people-1",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "people",
            "properties": [
                {"name": "id", "logicalType": "integer", "primaryKey": True},
                {
                    "name": "email",
                    "logicalType": "string",
                    "required": True,
                    "unique": True,
                    "logicalTypeOptions": {"pattern": "^[^@]+@[^@]+$", "maxLength": 20},
                },
                {"name": "age", "logicalType": "integer", "logicalTypeOptions": {"minimum": 0, "maximum": 120}},
                {
                    "name": "state",
                    "logicalType": "string",
                    "quality": [
                        {
                            "type": "library",
                            "metric": "invalidValues",
                            "arguments": {"validValues": ["SP", "RJ"]},
                            "mustBe": 0,
                        },
                        {"type": "library", "metric": "nullValues", "mustBeLessThan": 50, "unit": "percent"},
                    ],
                },
                {"name": "seen", "logicalType": "timestamp"},
            ],
            "quality": [
                {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 1},
                {
                    "name": "no minors",
                    "type": "sql",
                    "query": "SELECT count(*) FROM {object} WHERE age < 18",
                    "mustBe": 0,
                    "severity": "warning",
                },
                {"type": "custom", "engine": "convoke", "implementation": {"drift": "rowCount", "tolerance": 0.4}},
                {"type": "text", "description": "people are people"},
            ],
        }
    ],
    "slaProperties": [
        {"property": "latency", "value": 2, "unit": "d", "element": "people.seen"},
        {"property": "retention", "value": 3, "unit": "y", "element": "people.seen"},
    ],
}
