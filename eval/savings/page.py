"""stub"""
from eval.savings.results import SavingsResult
def build_page(result: SavingsResult) -> str:
    """stub"""
    return ""
