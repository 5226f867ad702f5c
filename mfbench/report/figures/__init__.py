"""The figures of a report, one concept a module: values in, SVG out, nothing where there is nothing to show."""
