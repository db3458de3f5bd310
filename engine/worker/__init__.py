"""The process behind the app: runs operations one after another, keeps the warehouse open and answers warm."""
