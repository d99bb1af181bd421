"""What every JSON API of the house stands on: views, serializers, pages of a list, the words of the schema."""
