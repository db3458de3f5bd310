"""Opening and naming audiences."""
