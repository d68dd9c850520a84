"""The course as its author declares it: ``course.yml``, its folders, its nbgrader."""
