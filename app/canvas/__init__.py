"""The rule canvas: nested cards over the immutable rule. Cards never edit the rule; they ask the document to."""
