"""Tuning the shipped model to one repository, judged by the part of its history that it was not trained on."""
