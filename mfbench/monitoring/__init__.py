"""What models meet once they are used: reports that are kept, watched data, alerts, and what is done about them."""
